// The archive: every file inside an executable, in one run of bytes that is used where it lies.
//
//   header | buckets | entries | paths | manifest | data … | build info | checksums
//
// A path is found through an open-addressing hash table, so the number of files costs nothing
// at start-up; a directory's children are neighbours in the entry table, sorted, so listing one
// costs what it holds. The launcher (launcher/archive.c) reads the same bytes to give shared
// libraries and addons to ld.so, which maps them: those begin on a page.

import type { Contract } from './contract.ts'
import { struct } from './struct.ts'

/** "IGAR" */
export const ARCHIVE_MAGIC = 0x52414749
export const ARCHIVE_VERSION = 2
/** Data that ld.so maps must begin on a page of the file. */
export const PAGE_SIZE = 4096

/** The directory that an archive's root appears as. It lies below a file, so it can never really exist. */
export const VIRTUAL_ROOT = '/dev/null/app'
/** The same on Windows, where no name of a file may have a colon. */
export const WINDOWS_VIRTUAL_ROOT = 'C:\\ingot:\\app'

/**
 * Where an archive has those parts of the bootstrap that only its program needs (bootstrap/contract/, bootstrap/tests/).
 * No path of a program leads there: none may have a NUL. No directory lists them.
 */
export const OWN_CODE = {
  contract: '\0contract',
  enforcement: '\0enforcement',
  tests: '\0tests',
} as const

export const ArchiveHeader = struct({
  magic: 'u32',
  version: 'u32',
  entryCount: 'u32',
  /** A power of two, at least twice the number of entries. */
  bucketCount: 'u32',
  /** Offsets are from the archive's start. A bucket is a u32: entry index + 1, or 0. */
  bucketsOffset: 'u64',
  entriesOffset: 'u64',
  pathsOffset: 'u64',
  manifestOffset: 'u64',
  manifestSize: 'u64',
  /** Size of the whole archive in bytes. */
  size: 'u64',
  /** Build info (build-info.ts): JSON, compressed with zstd; 0 bytes if there is none. runtime.ts reads it too. */
  infoOffset: 'u64',
  infoSize: 'u64',
  /** CRC-32 of each CHECKED_SIZE bytes before them, a u32 each; 0 where the launcher checks, by the seal. The last thing in the archive. */
  checksumsOffset: 'u64',
})

/** What is read is checked in pieces of so many bytes. */
export const CHECKED_SIZE = 1 << 16

export const KIND_FILE = 1
export const KIND_DIRECTORY = 2
export const KIND_SYMLINK = 3

/** How the module loader is to see a file. What `node:fs` sees is always `data`. */
export const FORMAT_NONE = 0
export const FORMAT_COMMONJS = 1
export const FORMAT_MODULE = 2

export const ArchiveEntry = struct({
  /** Offset into the paths. */
  pathOffset: 'u32',
  /** Bytes of UTF-8, relative to the root, without a leading slash; the root's is empty. */
  pathLength: 'u32',
  pathHash: 'u32',
  kind: 'u8',
  format: 'u8',
  /** Permission bits. */
  mode: 'u16',
  /** File: its bytes. Symlink: its target. Directory: index of its first child. */
  dataOffset: 'u64',
  /** Bytes; for a directory the number of its children. */
  dataSize: 'u64',
  /** What the module loader compiles: the data itself, or what it was compiled to. */
  codeOffset: 'u64',
  codeSize: 'u32',
  /** V8's code cache for that; 0 bytes if there is none. */
  cacheSize: 'u32',
  cacheOffset: 'u64',
  /** 1 if the code is ASCII and can be used as a one-byte string without decoding. */
  codeIsAscii: 'u8',
  reserved0: 'u8',
  reserved1: 'u16',
  reserved2: 'u32',
})

/** Native code inside, for a system that loads it from files only. */
export interface NativeCode {
  /** Hash of all their paths and contents, hex. */
  readonly set: string
  readonly files: readonly string[]
}

/** What the bootstrap has to know before it can run anything. Stored as JSON. */
export interface Manifest {
  /** Ingot's version. */
  readonly ingot: string
  /** SHA-256 of the program's module graph, hex; absent in an archive without a program. */
  readonly graph?: string
  /** Programs inside; with more than one, argv[0] or the first argument chooses. Paths are virtual. */
  readonly entries: readonly { readonly name: string; readonly path: string }[]
  /** Of an executable of tests: the directory that they were found from, and their paths from there. */
  readonly tests?: { readonly directory: string; readonly files: readonly string[] }
  /** Some code is not what its author wrote: stack traces go through source maps. */
  readonly sourceMaps: boolean
  /** It imports `ready` of ingot/runtime. */
  readonly waitsForReady?: boolean
  /** Bits of fuses.ts, of an executable that has no launch table for them. */
  readonly fuses?: number
  /** Where the system loads native code from files only, and there is some. */
  readonly native?: NativeCode
  /** What the program needs from the world. Its code is in OWN_CODE. */
  readonly contract?: Contract
}
