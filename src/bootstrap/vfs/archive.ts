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
import { hashPath } from '../../format/hash.ts'

const at = ArchiveEntry.offsetOf

/** An entry; its fields (format/archive.ts) are read where they lie when they are asked for. */
export class Entry {
  readonly index: number
  /** Relative to the root. */
  readonly path: string
  readonly #view: DataView
  readonly #offset: number

  constructor(view: DataView, offset: number, index: number, path: string) {
    this.#view = view
    this.#offset = offset
    this.index = index
    this.path = path
  }

  get kind(): number {
    return this.#view.getUint8(this.#offset + KIND_AT)
  }

  get format(): number {
    return this.#view.getUint8(this.#offset + FORMAT_AT)
  }

  get mode(): number {
    return this.#view.getUint16(this.#offset + MODE_AT, true)
  }

  get dataOffset(): number {
    return readU64(this.#view, this.#offset + DATA_OFFSET_AT)
  }

  get dataSize(): number {
    return readU64(this.#view, this.#offset + DATA_SIZE_AT)
  }

  get codeOffset(): number {
    return readU64(this.#view, this.#offset + CODE_OFFSET_AT)
  }

  get codeSize(): number {
    return this.#view.getUint32(this.#offset + CODE_SIZE_AT, true)
  }

  get codeIsAscii(): boolean {
    return this.#view.getUint8(this.#offset + CODE_IS_ASCII_AT) === 1
  }

  get cacheOffset(): number {
    return readU64(this.#view, this.#offset + CACHE_OFFSET_AT)
  }

  get cacheSize(): number {
    return this.#view.getUint32(this.#offset + CACHE_SIZE_AT, true)
  }
}

const KIND_AT = at('kind')
const FORMAT_AT = at('format')
const MODE_AT = at('mode')
const DATA_OFFSET_AT = at('dataOffset')
const DATA_SIZE_AT = at('dataSize')
const CODE_OFFSET_AT = at('codeOffset')
const CODE_SIZE_AT = at('codeSize')
const CODE_IS_ASCII_AT = at('codeIsAscii')
const CACHE_OFFSET_AT = at('cacheOffset')
const CACHE_SIZE_AT = at('cacheSize')
const PATH_OFFSET_AT = at('pathOffset')
const PATH_LENGTH_AT = at('pathLength')
const PATH_HASH_AT = at('pathHash')

function readU64(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 2 ** 32
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
  readonly #view: DataView
  readonly #header: ReturnType<typeof ArchiveHeader.read>
  /** Hits only: a program that probes for what is not there must not grow this. */
  readonly #found = new Map<string, Entry>()

  constructor(bytes: ArrayBuffer) {
    this.#bytes = Buffer.from(bytes)
    this.#view = new DataView(bytes)
    this.#header = ArchiveHeader.read(this.#view, 0)
    if (this.#header.magic !== ARCHIVE_MAGIC || this.#header.version !== ARCHIVE_VERSION) {
      throw new Error('ingot: the program inside this executable is damaged')
    }
  }

  get manifest(): Manifest {
    const { manifestOffset, manifestSize } = this.#header
    return JSON.parse(this.#bytes.toString('utf8', manifestOffset, manifestOffset + manifestSize))
  }

  /** The entry at exactly this path (no links followed). */
  find(path: string): Entry | undefined {
    const known = this.#found.get(path)
    if (known) return known
    const entry = this.#search(path)
    if (entry) this.#found.set(path, entry)
    return entry
  }

  #search(path: string): Entry | undefined {
    const { bucketsOffset, bucketCount } = this.#header
    const hash = hashPath(path)
    // A damaged table may have no empty bucket.
    for (let probe = 0; probe < bucketCount; probe++) {
      const bucket = (hash + probe) & (bucketCount - 1)
      const number = this.#view.getUint32(bucketsOffset + 4 * bucket, true)
      if (number === 0) return undefined
      const offset = this.#header.entriesOffset + ArchiveEntry.size * (number - 1)
      if (this.#view.getUint32(offset + PATH_HASH_AT, true) !== hash) continue
      if (this.#pathAt(offset) === path) return new Entry(this.#view, offset, number - 1, path)
    }
    return undefined
  }

  #pathAt(entryOffset: number): string {
    const start = this.#header.pathsOffset + this.#view.getUint32(entryOffset + PATH_OFFSET_AT, true)
    return this.#bytes.toString(
      'utf8',
      start,
      start + this.#view.getUint32(entryOffset + PATH_LENGTH_AT, true),
    )
  }

  /**
   * The entry behind a path, with links in its directories followed, and `followLast` deciding
   * for the last component. Errors as in path_resolution(7).
   */
  resolve(path: string, followLast: boolean): Entry | ResolveError {
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

  readLink(link: Entry): string {
    return this.#bytes.toString('utf8', link.dataOffset, link.dataOffset + link.dataSize)
  }

  *children(directory: Entry): Generator<Entry> {
    const { dataOffset: first, dataSize: count } = directory
    for (let index = first; index < first + count; index++) {
      const offset = this.#header.entriesOffset + ArchiveEntry.size * index
      yield new Entry(this.#view, offset, index, this.#pathAt(offset))
    }
  }

  /** The file's bytes where they lie: read-only memory, so never to be handed out. */
  data(entry: Entry): Buffer {
    return this.#bytes.subarray(entry.dataOffset, entry.dataOffset + entry.dataSize)
  }

  /** A copy of them. */
  copy(entry: Entry): Buffer {
    const { dataOffset, dataSize } = entry
    const copy = Buffer.allocUnsafe(dataSize)
    this.#bytes.copy(copy, 0, dataOffset, dataOffset + dataSize)
    return copy
  }

  text(entry: Entry, encoding: BufferEncoding = 'utf8'): string {
    const { dataOffset, dataSize } = entry
    return this.#bytes.toString(encoding, dataOffset, dataOffset + dataSize)
  }

  /** What the module loader compiles. */
  code(entry: Entry): string {
    const { codeOffset, codeSize, codeIsAscii } = entry
    return codeIsAscii
      ? this.#bytes.toString('latin1', codeOffset, codeOffset + codeSize)
      : this.#bytes.toString('utf8', codeOffset, codeOffset + codeSize)
  }

  codeBytes(entry: Entry): Buffer {
    return this.#bytes.subarray(entry.codeOffset, entry.codeOffset + entry.codeSize)
  }

  /** V8's code cache for `code(entry)`. */
  codeCache(entry: Entry): Buffer | undefined {
    if (entry.cacheSize === 0) return undefined
    return this.#bytes.subarray(entry.cacheOffset, entry.cacheOffset + entry.cacheSize)
  }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}
