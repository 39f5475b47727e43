// What the graph stage gives to the payload stage. Type file of the stage: no code.
// Paths are relative to the virtual root and use forward slashes, unless they are called `file`.

import type { Diagnostic } from '../base/diagnostics.ts'
import type { Inputs } from '../base/inputs.ts'

export type ModuleFormat = 'commonjs' | 'module'

/** A file of the program as it is on disk, embedded under its own path. */
export interface KeptFile {
  readonly path: string
  /** Absolute path on disk. */
  readonly file: string
  /** For JavaScript and TypeScript. */
  readonly format?: ModuleFormat
  /** JavaScript that the loader is to run instead of the file's text (which was TypeScript, say). */
  readonly code?: string
  /** ELF shared object or executable: ld.so maps it in place. */
  readonly mapped?: boolean
  /** Bytes to embed instead of the file's: the addon that an addon would unpack. */
  readonly content?: Uint8Array
  readonly executable?: boolean
}

/** JavaScript that has no file of its own on disk: bundled modules, source maps. */
export interface GeneratedFile {
  readonly path: string
  readonly content: string
  readonly format?: ModuleFormat
}

export interface AppGraph {
  /** The real directory that the virtual root stands for. */
  readonly root: string
  /** SHA-256 of the module graph, hex: the same however its files are laid out, and wherever they lie. */
  readonly hash: string
  readonly entries: readonly { readonly name: string; readonly path: string }[]
  /** Of an executable of tests: the directory that they were found from, and their paths from there. */
  readonly tests?: { readonly directory: string; readonly files: readonly string[] }
  readonly kept: readonly KeptFile[]
  readonly generated: readonly GeneratedFile[]
  readonly links: readonly { readonly path: string; readonly target: string }[]
  /** Directories of packages that are not installed where they are in the executable, and where they really are. */
  readonly provided: ReadonlyMap<string, string>
  /** Of every path, why it is here: what refers to it (undefined for entries and includes), and how. */
  readonly origins: ReadonlyMap<string, { readonly from: string | undefined; readonly because: string }>
  /** Of every module that stays a file, why. */
  readonly keptBecause: ReadonlyMap<string, string>
  /** Modules whose code is in a generated file. */
  readonly bundled: readonly string[]
  /** Some module's code comes with a source map. */
  readonly sourceMaps: boolean
  /** It imports `ready` of ingot/runtime. */
  readonly waitsForReady: boolean
  /** Packages left out on request. */
  readonly external: readonly string[]
  /** What was looked at to find all this. */
  readonly inputs: Pick<Inputs, 'files' | 'listings'>
  readonly diagnostics: readonly Diagnostic[]
}
