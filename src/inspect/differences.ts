// What has changed between two executables. Type file: no code.

import type { Part } from './inspection.ts'

export interface Differences {
  readonly before: Side
  readonly after: Side
  /** Byte by byte. */
  readonly isSame: boolean
  /** What each of them says once: versions, hashes, fuses, the commit, the contract's terms. */
  readonly facts: readonly Change<string | undefined>[]
  readonly packages: Changes<ComparedPackage>
  /** Modules and assets, as files inside; the code that they were compiled to is part of them. */
  readonly files: Changes<ComparedFile>
  /** Modules whose code is in another file; known by the size of their source. */
  readonly bundled: Changes<ComparedFile>
  readonly native: Changes<ComparedFile>
  /** glibc, libstdc++ and the like. */
  readonly libraries: Changes<ComparedLibrary>
  /** Bytes; only parts of which there are more or fewer. */
  readonly parts: readonly (Change<number> & { readonly name: Part })[]
}

export interface Side {
  readonly file: string
  readonly size: number
}

export interface Change<T> {
  readonly name: string
  readonly before: T
  readonly after: T
}

export interface Changes<T> {
  readonly added: readonly T[]
  readonly removed: readonly T[]
  readonly changed: readonly Change<T>[]
}

export interface ComparedPackage {
  readonly name: string
  readonly version: string
  readonly path: string
  readonly integrity: string | undefined
  readonly license: string | undefined
}

export interface ComparedFile {
  readonly path: string
  readonly size: number
  /** SHA-256 of content and code, hex. */
  readonly sha256?: string
}

export interface ComparedLibrary {
  readonly name: string
  readonly sha256: string
}
