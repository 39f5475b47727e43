// What a process that is traced (`ingot trace`) says of itself, a line each (bootstrap/development/recorder.ts).

/** What it has used for the first time. Paths are absolute, and of embedded files virtual. */
export type Touch =
  /** Loaded as code or JSON by node's loaders, or read, or its names listed. */
  | {
      readonly kind: 'module' | 'file' | 'directory'
      readonly file: string
      /** Below the virtual root, but only the disk had it. */
      readonly isMissing?: boolean
    }
  /** A link of the disk, below the virtual root, that was on the way. */
  | { readonly kind: 'link'; readonly file: string }
  /** Something in it was made or written. */
  | { readonly kind: 'written'; readonly directory: string }
  /** An addon, or a shared library that is mapped. */
  | { readonly kind: 'library'; readonly file: string; readonly isMissing?: boolean }
  | { readonly kind: 'variable'; readonly name: string }
  /** It has asked for all of them. */
  | { readonly kind: 'environment' }
  /** As it was asked for: a port that the kernel chooses is 0. */
  | { readonly kind: 'listening'; readonly address: string; readonly chosenPort?: number }
  /** The host by its name, where it was looked up by that; or the path of a socket. */
  | { readonly kind: 'connection'; readonly address: string }
  | { readonly kind: 'process'; readonly file: string; readonly arguments: readonly string[] }

export interface TouchReport {
  readonly kind: 'touch'
  readonly touch: Touch
  /** Who did it, as far as known. */
  readonly at?: ProgramPlace
}

/** In the program's own modules, or else in a package's. */
export interface ProgramPlace {
  readonly file: string
  /** Absent where only the module is known. */
  readonly line?: number
  readonly column?: number
}
