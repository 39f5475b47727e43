// Reads the archive (format/archive.ts) where it lies in memory. Nothing is parsed ahead: a
// look-up hashes the path and reads one entry, whatever the number of files.

import {
  ARCHIVE_MAGIC,
  ARCHIVE_VERSION,
  ArchiveEntry,
  ArchiveHeader,
  KIND_DIRECTORY,
  KIND_FILE,
  KIND_SYMLINK,
  type Manifest,
} from '../../format/archive.ts'
import type { Internals } from '../internals.ts'
import { createChecking, NO_CHECKING, type Check, type Checking } from './checked-bytes.ts'
import { hashOf } from './paths.ts'

/** An entry; its fields (format/archive.ts) are read where they lie when they are asked for. */
export class Entry {
  readonly index: number
  /** Relative to the root. */
  readonly path: string
  readonly #words: Uint32Array
  /** Of the entry's first word. */
  readonly #at: number

  constructor(words: Uint32Array, at: number, index: number, path: string) {
    this.#words = words
    this.#at = at
    this.index = index
    this.path = path
  }

  get kind(): number {
    return this.#words[this.#at + KIND_AT]! & 0xff
  }

  get format(): number {
    return (this.#words[this.#at + KIND_AT]! >>> 8) & 0xff
  }

  get mode(): number {
    return this.#words[this.#at + KIND_AT]! >>> 16
  }

  get dataOffset(): number {
    return readU64(this.#words, this.#at + DATA_OFFSET_AT)
  }

  get dataSize(): number {
    return readU64(this.#words, this.#at + DATA_SIZE_AT)
  }

  get codeOffset(): number {
    return readU64(this.#words, this.#at + CODE_OFFSET_AT)
  }

  get codeSize(): number {
    return this.#words[this.#at + CODE_SIZE_AT]!
  }

  get codeIsAscii(): boolean {
    return (this.#words[this.#at + CODE_IS_ASCII_AT]! & 0xff) === 1
  }

  get cacheOffset(): number {
    return readU64(this.#words, this.#at + CACHE_OFFSET_AT)
  }

  get cacheSize(): number {
    return this.#words[this.#at + CACHE_SIZE_AT]!
  }
}

// In words: every field begins on one, but those that share a word with `kind`.
const wordOf = (field: Parameters<typeof ArchiveEntry.offsetOf>[0]) => ArchiveEntry.offsetOf(field) >>> 2
const ENTRY_WORDS = ArchiveEntry.size >>> 2
const KIND_AT = wordOf('kind')
const DATA_OFFSET_AT = wordOf('dataOffset')
const DATA_SIZE_AT = wordOf('dataSize')
const CODE_OFFSET_AT = wordOf('codeOffset')
const CODE_SIZE_AT = wordOf('codeSize')
const CODE_IS_ASCII_AT = wordOf('codeIsAscii')
const CACHE_OFFSET_AT = wordOf('cacheOffset')
const CACHE_SIZE_AT = wordOf('cacheSize')
const PATH_OFFSET_AT = wordOf('pathOffset')
const PATH_LENGTH_AT = wordOf('pathLength')
const PATH_HASH_AT = wordOf('pathHash')

function readU64(words: Uint32Array, at: number): number {
  return words[at]! + words[at + 1]! * 2 ** 32
}

export const isDirectory = (entry: Entry) => entry.kind === KIND_DIRECTORY
export const isFile = (entry: Entry) => entry.kind === KIND_FILE
export const isSymlink = (entry: Entry) => entry.kind === KIND_SYMLINK

/** Why a path leads nowhere. */
export type ResolveError = 'ENOENT' | 'ENOTDIR' | 'ELOOP'

/** Links followed before ELOOP, as in Linux. */
const LINK_LIMIT = 40

export class Archive {
  readonly #bytes: Buffer
  /** The same memory. A word out of range is undefined, where a DataView costs a call for every field. */
  readonly #words: Uint32Array
  readonly #header: ReturnType<typeof ArchiveHeader.read>
  /** In words. */
  readonly #buckets: number
  readonly #entries: number
  readonly #checking: Checking
  readonly #check: Check
  oneEntry: Entry | undefined

  constructor(bytes: ArrayBuffer, checking?: Internals) {
    this.#bytes = Buffer.from(bytes)
    this.#words = new Uint32Array(bytes, 0, bytes.byteLength >>> 2)
    this.#header = ArchiveHeader.read(new DataView(bytes), 0)
    this.#buckets = this.#header.bucketsOffset / 4
    this.#entries = this.#header.entriesOffset / 4
    const { checksumsOffset } = this.#header
    this.#checking = checking
      ? createChecking(checking, this.#bytes, checksumsOffset, this.#words.subarray(checksumsOffset / 4))
      : NO_CHECKING
    this.#check = this.#checking.check
    if (this.#header.magic !== ARCHIVE_MAGIC || this.#header.version !== ARCHIVE_VERSION) {
      throw new Error('ingot: the program inside this executable is damaged')
    }
  }

  get entryCount(): number {
    return this.#header.entryCount
  }

  get manifest(): Manifest {
    const { manifestOffset, manifestSize } = this.#header
    this.#check(0, ArchiveHeader.size)
    this.#check(manifestOffset, manifestSize)
    return JSON.parse(this.#bytes.toString('utf8', manifestOffset, manifestOffset + manifestSize))
  }

  /** For warm-up-reads.ts: what V8 compiles for entries it forgets with the last of them, so one stays. */
  warmUp(reads: () => void): void {
    this.#checking.warmUp(reads)
    this.oneEntry = this.find('')
  }

  /** The entry at exactly this path (no links followed). */
  find(path: string): Entry | undefined {
    const words = this.#words
    const { bucketCount } = this.#header
    const hash = hashOf(path)
    // A damaged table may have no empty bucket, or end too early.
    for (let probe = 0; probe < bucketCount; probe++) {
      const bucket = this.#buckets + ((hash + probe) & (bucketCount - 1))
      this.#check(4 * bucket, 4)
      const number = words[bucket]
      if (!number) return undefined
      const at = this.#entryAt(number - 1)
      if (words[at + PATH_HASH_AT] === hash && this.#isPath(at, path))
        return new Entry(words, at, number - 1, path)
    }
    return undefined
  }

  /** In words. */
  #entryAt(index: number): number {
    const at = this.#entries + ENTRY_WORDS * index
    this.#check(4 * at, ArchiveEntry.size)
    return at
  }

  /** Compares in place: every read of a file comes here, and a string made for it would be garbage. */
  #isPath(at: number, path: string): boolean {
    const bytes = this.#bytes
    const start = this.#header.pathsOffset + this.#words[at + PATH_OFFSET_AT]!
    const length = this.#words[at + PATH_LENGTH_AT]!
    this.#check(start, length)
    for (let i = 0; i < path.length; i++) {
      const unit = path.charCodeAt(i)
      if (unit > 0x7f) return this.#pathAt(at) === path
      if (bytes[start + i] !== unit) return false
    }
    return length === path.length
  }

  #pathAt(at: number): string {
    const start = this.#header.pathsOffset + this.#words[at + PATH_OFFSET_AT]!
    return this.#text('utf8', start, this.#words[at + PATH_LENGTH_AT]!)
  }

  /**
   * The entry behind a path, with links in its directories followed, and `followLast` deciding
   * for the last component. Errors as in path_resolution(7).
   */
  resolve(path: string, followLast: boolean): Entry | ResolveError {
    // What lies above the root is not there; only the way up is.
    if (path.startsWith('../')) return 'ENOENT'
    // Entries lie only in real directories: found as it is means that no link is on the way.
    const direct = this.find(path)
    return direct && !(followLast && isSymlink(direct)) ? direct : this.#walk(path, followLast)
  }

  #walk(path: string, followLast: boolean): Entry | ResolveError {
    const pending = path.split('/').toReversed()
    let current = this.find('')!
    let links = 0
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      if (name === '' || name === '.') continue
      if (!isDirectory(current)) return 'ENOTDIR'
      if (name === '..') {
        current = this.find(parentOf(current.path))!
        continue
      }
      const child = this.find(current.path === '' ? name : `${current.path}/${name}`)
      if (!child) return 'ENOENT'
      if (!isSymlink(child) || (pending.length === 0 && !followLast)) {
        current = child
        continue
      }
      if (++links > LINK_LIMIT) return 'ELOOP'
      const target = this.readLink(child)
      if (target.startsWith('/')) return 'ENOENT' // the host's, if anything: the build makes links relative
      pending.push(...target.split('/').toReversed())
    }
    return current
  }

  #text(encoding: BufferEncoding, start: number, size: number): string {
    this.#check(start, size)
    return this.#bytes.toString(encoding, start, start + size)
  }

  #view(start: number, size: number): Buffer {
    this.#check(start, size)
    return this.#bytes.subarray(start, start + size)
  }

  readLink(link: Entry): string {
    return this.#text('utf8', link.dataOffset, link.dataSize)
  }

  *children(directory: Entry): Generator<Entry> {
    const { dataOffset: first, dataSize: count } = directory
    const end = Math.min(first + count, this.#header.entryCount)
    for (let index = first; index < end; index++) {
      const at = this.#entryAt(index)
      yield new Entry(this.#words, at, index, this.#pathAt(at))
    }
  }

  /** The file's bytes where they lie: read-only memory, so never to be handed out. */
  data(entry: Entry): Buffer {
    return this.#view(entry.dataOffset, entry.dataSize)
  }

  /** A copy of them. */
  copy(entry: Entry): Buffer {
    const { dataOffset, dataSize } = entry
    this.#check(dataOffset, dataSize)
    const copy = Buffer.allocUnsafe(dataSize)
    this.#bytes.copy(copy, 0, dataOffset, dataOffset + dataSize)
    return copy
  }

  /** pread(2): copies from `position` on, as much as `to` has room for behind `offset`; the number of bytes. */
  read(entry: Entry, position: number, to: NodeJS.ArrayBufferView, offset: number, length: number): number {
    const { dataOffset, dataSize } = entry
    const start = dataOffset + Math.min(position, dataSize)
    const end = Math.min(start + length, dataOffset + dataSize)
    if (end > start) this.#check(start, end - start)
    // Any view will do: node's copy counts in bytes.
    return this.#bytes.copy(to as Uint8Array, offset, start, end)
  }

  text(entry: Entry, encoding: BufferEncoding = 'utf8'): string {
    return this.#text(encoding, entry.dataOffset, entry.dataSize)
  }

  /** What the module loader compiles. */
  code(entry: Entry): string {
    return this.#text(entry.codeIsAscii ? 'latin1' : 'utf8', entry.codeOffset, entry.codeSize)
  }

  codeBytes(entry: Entry): Buffer {
    return this.#view(entry.codeOffset, entry.codeSize)
  }

  /** V8's code cache for `code(entry)`. */
  codeCache(entry: Entry): Buffer | undefined {
    if (entry.cacheSize === 0) return undefined
    return this.#view(entry.cacheOffset, entry.cacheSize)
  }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}
