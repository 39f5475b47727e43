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

/** An entry, with its path and its number. */
export interface Entry extends ReturnType<typeof ArchiveEntry.read> {
  readonly index: number
  /** Relative to the root. */
  readonly path: string
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
      const entry = this.#read(number - 1)
      if (entry.pathHash === hash && entry.path === path) return entry
    }
    return undefined
  }

  #read(index: number): Entry {
    const { entriesOffset, pathsOffset } = this.#header
    const fields = ArchiveEntry.read(this.#view, entriesOffset + ArchiveEntry.size * index)
    const start = pathsOffset + fields.pathOffset
    return { ...fields, index, path: this.#bytes.toString('utf8', start, start + fields.pathLength) }
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
    for (let i = 0; i < directory.dataSize; i++) yield this.#read(directory.dataOffset + i)
  }

  /** The file's bytes where they lie: read-only memory, so never to be handed out. */
  data(entry: Entry): Buffer {
    return this.#bytes.subarray(entry.dataOffset, entry.dataOffset + entry.dataSize)
  }

  text(entry: Entry): string {
    return this.#bytes.toString('utf8', entry.dataOffset, entry.dataOffset + entry.dataSize)
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
