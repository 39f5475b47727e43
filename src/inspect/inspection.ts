// What an executable is, as its bytes say without being run.

import type { Manifest } from '../format/archive.ts'
import type { BuildInfo } from '../format/build-info.ts'
import type { FuseSettings } from '../format/fuses.ts'

/** Sizes in bytes. */
export interface Inspection {
  /** Absolute path. */
  readonly file: string
  readonly size: number
  /** Of the file, if it is compressed; all other sizes and places are of what it decompresses. */
  readonly compressedSize?: number
  /** A frozen one goes on from where the program's process was at the build. */
  readonly start: 'cold' | 'frozen'
  readonly fuses: FuseSettings
  /** Hashes of all its bytes; undefined: it has none. */
  readonly seal: { readonly size: number; /** SHA-256, hex. */ readonly root: string } | undefined
  /** Of macOS; the root is its code directory's then. */
  readonly signature?: InspectedSignature
  readonly parts: InspectedParts
  /** Files, directories and links of the program. */
  readonly entryCount: number
  readonly manifest: Manifest
  /** The info's, but as the file is. */
  readonly reproducible: BuildInfo['reproducible']
  readonly info: BuildInfo
}

export interface InspectedSignature {
  readonly identifier: string
  /** By nobody's key. */
  readonly isAdHoc: boolean
  readonly hasHardenedRuntime: boolean
  /** The property list, as `codesign --entitlements` takes it. */
  readonly entitlements: string
}

export interface InspectedParts {
  /** Node, as far as it is mapped. */
  readonly runtime: number
  /** Shared libraries, their licences, and ld.so. */
  readonly libraries: number
  /** Ingot's own: the launcher and the bootstrap. */
  readonly bootstrap: number
  /** The program's archive, with the build info. */
  readonly program: number
  /** Of that, as it is stored. */
  readonly info: number
  readonly frozen: number
  readonly seal: number
}

/** A file, directory or link of an archive. */
export interface InspectedEntry {
  /** Relative to the virtual root; the root's is empty. */
  readonly path: string
  readonly kind: 'file' | 'directory' | 'link'
  /** Of a file, as `node:fs` sees it. */
  readonly size: number
  /** Where in the executable that is. */
  readonly fileOffset: number
  readonly isModule: boolean
  /** Of what is compiled, if it is not the file itself. */
  readonly codeSize: number
  readonly codeFileOffset: number
  /** V8's code cache. */
  readonly cacheSize: number
  readonly cacheFileOffset: number
}

export const PARTS = [
  'runtime',
  'libraries',
  'bootstrap',
  'index',
  'files',
  'code',
  'code cache',
  'build info',
  'frozen process',
  'seal',
  'padding',
] as const
export type Part = (typeof PARTS)[number]

/** Some bytes of the file, one after the other. */
export interface Region {
  readonly part: Part
  /** Of a file in an archive its path, else what it is. */
  readonly name: string
  readonly fileOffset: number
  readonly size: number
}
