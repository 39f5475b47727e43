// What the payload stage gives to the image stage. Type file of the stage: no code.

/** A file of the archive before it is packed. */
export interface ArchiveFile {
  /** Relative to the virtual root, with forward slashes and no leading slash. */
  readonly path: string
  readonly data: Uint8Array
  readonly executable?: boolean
  /** Present for JavaScript that the module loader may run. */
  readonly module?: ModuleRecord
  /** The file is mapped by ld.so: its data begins on a page. */
  readonly mapped?: boolean
}

export interface ModuleRecord {
  readonly format: 'commonjs' | 'module'
  /** What is compiled, if it differs from the file's data. */
  readonly code?: Uint8Array
  readonly codeCache?: Uint8Array
  /** The code cache has all of its functions, and not only what runs when it is loaded. */
  readonly isCompiledWhole?: boolean
}

export interface ArchiveLink {
  readonly path: string
  /** As readlink(2) gives it; relative targets stay inside the archive. */
  readonly target: string
}

/** A finished archive, as the chunks that make it up (large files are not copied together). */
export interface Payload {
  readonly chunks: readonly Uint8Array[]
  readonly size: number
  /** What the module loader may run; sizes are of what is compiled, in bytes. */
  readonly modules: readonly {
    readonly path: string
    readonly format: ModuleRecord['format']
    readonly size: number
  }[]
  /** Bytes by kind, for the report. */
  readonly parts: {
    readonly code: number
    readonly codeCache: number
    readonly assets: number
    readonly index: number
    /** What the executable says of itself, compressed. */
    readonly info: number
  }
}
