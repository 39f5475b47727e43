// What a program asks for below the virtual root and the archive does not have, but the project does. A traced program
// gets it from the disk, as under plain node, so that it goes on, and what else it needs is seen in the same run.

import type fs from 'node:fs'
import path from 'node:path'

import { FORMAT_NONE, KIND_DIRECTORY, KIND_FILE, KIND_SYMLINK } from '../../format/archive.ts'
import type { Archive, Entry } from '../vfs/archive.ts'

/** The same as an `Entry`, for all who use one. */
class DiskEntry {
  readonly format = FORMAT_NONE
  readonly dataOffset = 0
  readonly codeOffset = 0
  readonly codeSize = 0
  readonly codeIsAscii = false
  readonly cacheOffset = 0
  readonly cacheSize = 0
  readonly index: number
  readonly path: string
  /** On this machine. */
  readonly file: string
  readonly kind: number
  readonly mode: number
  readonly dataSize: number

  constructor(path: string, file: string, stats: fs.Stats) {
    this.path = path
    this.file = file
    this.kind = stats.isDirectory() ? KIND_DIRECTORY : stats.isSymbolicLink() ? KIND_SYMLINK : KIND_FILE
    this.mode = stats.mode & 0o777
    this.dataSize = stats.size
    // Inode numbers are made of it: far from those of the archive.
    this.index = stats.ino + 2 ** 31
  }
}

export interface DiskFilesOptions {
  readonly fs: typeof fs
  /** The real directory that the virtual root stands for. */
  readonly root: string
  /** Packages of which nothing is there. */
  readonly external: readonly string[]
  /** A file is looked up, perhaps to be used. */
  onFound(path: string): void
  /** A file's bytes, a directory's names, or what a link leads to are asked for. */
  onUse(kind: 'file' | 'directory' | 'link', path: string, isMissing: boolean): void
  /** Runs what is not the program's own doing. */
  quietly<T>(run: () => T): T
}

/** The archive answers for the disk, too, from now on. */
export class DiskFiles {
  readonly #options: DiskFilesOptions
  readonly #find: Archive['find']
  /** Directories of the disk that no link leads to. */
  readonly #real = new Map<string, boolean>()

  constructor(archive: Archive, options: DiskFilesOptions) {
    this.#options = options
    this.#find = archive.find.bind(archive)
    archive.find = (path) => this.#find(path) ?? this.#findOnDisk(path)
    const resolve = archive.resolve.bind(archive)
    archive.resolve = (path, followLast) => {
      const found = resolve(path, followLast)
      if (typeof found !== 'string' && found.kind === KIND_FILE) options.onFound(found.path)
      return found
    }
    this.#listMore(archive)
    this.#readMore(archive)
  }

  isEmbedded(path: string): boolean {
    return this.#find(path) !== undefined
  }

  /** Where it really is, if only the disk has it. */
  onDisk(path: string): string | undefined {
    if (this.isEmbedded(path)) return undefined
    return (this.#findOnDisk(path) as DiskEntry | undefined)?.file
  }

  #findOnDisk(given: string): Entry | undefined {
    const { fs, root, external, quietly } = this.#options
    if (given.includes('\0') || external.some((name) => `/${given}/`.includes(`/node_modules/${name}/`)))
      return undefined
    const file = path.join(root, given)
    return quietly(() => {
      // A link on the way is to be followed as such: node knows a module by where it really is.
      if (!this.#isReal(path.dirname(file))) return undefined
      const stats = statOf(fs, file)
      const isThere = stats && (stats.isFile() || stats.isDirectory() || stats.isSymbolicLink())
      return isThere ? (new DiskEntry(given, file, stats) as unknown as Entry) : undefined
    })
  }

  #isReal(directory: string): boolean {
    let isReal = this.#real.get(directory)
    if (isReal === undefined) {
      try {
        isReal = this.#options.fs.realpathSync(directory) === directory
      } catch {
        return false
      }
      this.#real.set(directory, isReal)
    }
    return isReal
  }

  #listMore(archive: Archive): void {
    const { fs, root, onUse, quietly } = this.#options
    const children = archive.children.bind(archive)
    const find = (path: string) => archive.find(path)
    archive.children = function* (directory: Entry): Generator<Entry> {
      const embedded = directory instanceof DiskEntry ? [] : [...children(directory)]
      const names = new Set(embedded.map((entry) => path.basename(entry.path)))
      const file = path.join(root, directory.path)
      const more = quietly(() => namesIn(fs, file)).filter((name) => !names.has(name))
      // What nobody means when a directory is embedded.
      const isMissing = more.some((name) => name !== 'node_modules' && !name.startsWith('.'))
      onUse('directory', directory.path, isMissing)
      for (const name of [...names, ...more].toSorted()) {
        const entry = find(directory.path === '' ? name : `${directory.path}/${name}`)
        if (entry) yield entry
      }
    }
  }

  #readMore(archive: Archive): void {
    const { fs, root, onUse, quietly } = this.#options
    const bytes = ({ file }: DiskEntry): Buffer => quietly(() => fs.readFileSync(file))
    const { data, copy, read, text, code, codeBytes, readLink } = archive
    const use = (entry: Entry): DiskEntry | undefined => {
      const disk = entry instanceof DiskEntry ? entry : undefined
      if (entry.kind === KIND_FILE) onUse('file', entry.path, disk !== undefined)
      return disk
    }
    archive.data = (entry) => {
      const disk = use(entry)
      return disk ? bytes(disk) : data.call(archive, entry)
    }
    archive.copy = (entry) => {
      const disk = use(entry)
      return disk ? bytes(disk) : copy.call(archive, entry)
    }
    archive.text = (entry, encoding) => {
      const disk = use(entry)
      return disk ? bytes(disk).toString(encoding) : text.call(archive, entry, encoding)
    }
    archive.read = (entry, position, to, offset, length) => {
      const disk = use(entry)
      if (!disk) return read.call(archive, entry, position, to, offset, length)
      const all = bytes(disk)
      return all.copy(to as Uint8Array, offset, position, Math.min(position + length, all.length))
    }
    archive.code = (entry) =>
      entry instanceof DiskEntry ? bytes(entry).toString() : code.call(archive, entry)
    archive.codeBytes = (entry) =>
      entry instanceof DiskEntry ? bytes(entry) : codeBytes.call(archive, entry)
    archive.readLink = (entry) => {
      if (!(entry instanceof DiskEntry)) return readLink.call(archive, entry)
      onUse('link', entry.path, true)
      const target = quietly(() => fs.readlinkSync(entry.file))
      // As a build has it: relative, where it leads to the project.
      return target.startsWith(`${root}/`) ? path.relative(path.dirname(entry.file), target) : target
    }
  }
}

function statOf({ lstatSync }: typeof fs, file: string): fs.Stats | undefined {
  try {
    return lstatSync(file, { throwIfNoEntry: false })
  } catch {
    return undefined // it may not be looked at
  }
}

function namesIn({ readdirSync }: typeof fs, directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return [] // it is the archive's alone
  }
}
