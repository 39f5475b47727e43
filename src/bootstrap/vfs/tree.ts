// The embedded file system's operations, on paths relative to its root, synchronous and throwing.
// How they are called (sync, callback, promise) is fs-binding.ts's business.

import { constants } from 'node:fs'

import { isDirectory, isFile, isSymlink, type Archive, type Entry } from './archive.ts'
import type { ErrorCode, ErrorFactory } from './errors.ts'
import { toVirtualPath } from './paths.ts'
import { direntType } from './stats.ts'

const { O_CREAT, O_EXCL, O_TRUNC, O_DIRECTORY, O_RDONLY, O_RDWR, O_WRONLY, W_OK, X_OK } = constants
/** open(2), fcntl.h */
const O_ACCMODE = O_WRONLY | O_RDWR

/** Descriptors of embedded files: the kernel gives none this high. The launcher uses 0x4000_0000 and up. */
const FIRST_DESCRIPTOR = 0x5000_0000

export class Tree {
  readonly archive: Archive
  /** Told what is asked for and is not there, but by loaders of modules, which try many names. */
  onMissing: ((path: string) => void) | undefined
  readonly #error: ErrorFactory
  /** By descriptor; a number is used again once it is closed, as in the kernel. */
  readonly #open: (Entry | undefined)[] = []
  readonly #positions: number[] = []
  readonly #closed: number[] = []

  constructor(archive: Archive, error: ErrorFactory) {
    this.archive = archive
    this.#error = error
  }

  /** As the archive does. */
  resolve(path: string, followLast: boolean): Entry | ErrorCode {
    const found = this.archive.resolve(path, followLast)
    if (found === 'ENOENT') this.onMissing?.(path)
    return found
  }

  /** @throws ENOENT, ENOTDIR, ELOOP */
  lookup(path: string, syscall: string, followLast = true): Entry {
    const found = this.resolve(path, followLast)
    if (typeof found === 'string') throw this.#error(found, syscall, toVirtualPath(path))
    return found
  }

  exists(path: string): boolean {
    return typeof this.resolve(path, true) !== 'string'
  }

  access(path: string, mode: number): void {
    const entry = this.lookup(path, 'access')
    if (mode & W_OK) throw this.#error('EROFS', 'access', toVirtualPath(path))
    if (mode & X_OK && (entry.mode & 0o111) === 0) throw this.#error('EACCES', 'access', toVirtualPath(path))
  }

  open(path: string, flags: number): number {
    return this.#add(this.#openable(path, flags))
  }

  #add(entry: Entry): number {
    const slot = this.#closed.pop() ?? this.#open.length
    this.#open[slot] = entry
    this.#positions[slot] = 0
    return FIRST_DESCRIPTOR + slot
  }

  /** open(2) for reading; undefined if it is no file. */
  openFile(path: string): number | undefined {
    const found = this.resolve(path, true)
    return typeof found === 'string' || !isFile(found) ? undefined : this.#add(found)
  }

  #openable(path: string, flags: number): Entry {
    const found = this.resolve(path, true)
    const fail = (code: ErrorCode) => this.#error(code, 'open', toVirtualPath(path))
    if (typeof found === 'string') throw fail(found === 'ENOENT' && flags & O_CREAT ? 'EROFS' : found)
    if (flags & O_CREAT && flags & O_EXCL) throw fail('EEXIST')
    if (flags & O_ACCMODE || flags & O_TRUNC) throw fail(isDirectory(found) ? 'EISDIR' : 'EROFS')
    if (flags & O_DIRECTORY && !isDirectory(found)) throw fail('ENOTDIR')
    return found
  }

  /** Whether the number can only be ours, even if it is closed by now. */
  isOurs(descriptor: unknown): boolean {
    return typeof descriptor === 'number' && descriptor >= FIRST_DESCRIPTOR
  }

  isOpen(descriptor: unknown): descriptor is number {
    return this.isOurs(descriptor) && this.#open[Number(descriptor) - FIRST_DESCRIPTOR] !== undefined
  }

  /** @param descriptor that is open */
  opened(descriptor: number): { readonly entry: Entry; readonly position: number } {
    const slot = descriptor - FIRST_DESCRIPTOR
    return { entry: this.#open[slot]!, position: this.#positions[slot]! }
  }

  #opened(descriptor: number, syscall: string): Entry {
    const entry = this.#open[descriptor - FIRST_DESCRIPTOR]
    if (!entry) throw this.#error('EBADF', syscall)
    return entry
  }

  stat(descriptor: number): Entry {
    return this.#opened(descriptor, 'fstat')
  }

  close(descriptor: number): void {
    if (!this.closeFile(descriptor)) throw this.#error('EBADF', 'close')
  }

  /** false if it was not open. */
  closeFile(descriptor: number): boolean {
    const slot = descriptor - FIRST_DESCRIPTOR
    if (!this.#open[slot]) return false
    this.#open[slot] = undefined
    this.#closed.push(slot)
    return true
  }

  /** read(2) at the file's position (-1, null) or pread(2); the number of bytes. */
  read(
    descriptor: number,
    to: NodeJS.ArrayBufferView,
    offset: number,
    length: number,
    position: number | bigint | null,
  ): number {
    const count = this.readFile(descriptor, to, offset, length, position === null ? -1 : Number(position))
    if (count === undefined) throw this.#error(this.#opened(descriptor, 'read') && 'EISDIR', 'read')
    return count
  }

  /** The same; undefined if that is no open file. */
  readFile(
    descriptor: number,
    to: NodeJS.ArrayBufferView,
    offset: number,
    length: number,
    given: number,
  ): number | undefined {
    const slot = descriptor - FIRST_DESCRIPTOR
    const entry = this.#open[slot]
    if (!entry || isDirectory(entry)) return undefined
    const position = given < 0 ? this.#positions[slot]! : given
    const count = this.archive.read(entry, position, to, offset, length)
    if (given < 0) this.#positions[slot] = position + count
    return count
  }

  /** A file that is to be read whole, as if it were opened for it. */
  readable(path: string, flags = O_RDONLY): Entry {
    const entry = this.#openable(path, flags)
    if (isDirectory(entry)) throw this.#error('EISDIR', 'read', toVirtualPath(path))
    return entry
  }

  /** The rest of an open file, from its position. */
  rest(descriptor: number): Buffer {
    const entry = this.#opened(descriptor, 'read')
    if (isDirectory(entry)) throw this.#error('EISDIR', 'read')
    const slot = descriptor - FIRST_DESCRIPTOR
    const data = this.archive.data(entry).subarray(this.#positions[slot])
    this.#positions[slot] = entry.dataSize
    return data
  }

  list(path: string, syscall = 'scandir'): Entry[] {
    const entry = this.lookup(path, syscall)
    if (!isDirectory(entry)) throw this.#error('ENOTDIR', syscall, toVirtualPath(path))
    return [...this.archive.children(entry)]
  }

  /** Paths relative to `path` of everything below it, directories before what they hold. */
  *walk(path: string): Generator<{ readonly path: string; readonly entry: Entry }> {
    const pending = [{ prefix: '', directory: path }]
    for (let next = pending.shift(); next; next = pending.shift()) {
      for (const entry of this.list(next.directory)) {
        const name = next.prefix + baseName(entry)
        yield { path: name, entry }
        if (isDirectory(entry)) pending.push({ prefix: `${name}/`, directory: entry.path })
      }
    }
  }

  readLink(path: string): string {
    const entry = this.lookup(path, 'readlink', false)
    if (!isSymlink(entry)) throw this.#error('EINVAL', 'readlink', toVirtualPath(path))
    return this.archive.readLink(entry)
  }

  realPath(path: string, syscall = 'realpath'): string {
    return toVirtualPath(this.lookup(path, syscall).path)
  }

  /** What a call that would change an existing or a missing file gets. */
  refuse(syscall: string, path: string | undefined, mustExist: boolean, dest?: string): never {
    if (path !== undefined && mustExist) this.lookup(path, syscall, false)
    throw this.#error('EROFS', syscall, path === undefined ? undefined : toVirtualPath(path), dest)
  }

  refuseDirectory(path: string): never {
    throw this.#error(this.exists(path) ? 'EEXIST' : 'EROFS', 'mkdir', toVirtualPath(path))
  }
}

export function baseName(entry: Entry): string {
  return entry.path.slice(entry.path.lastIndexOf('/') + 1)
}

export { direntType, isDirectory, isFile }
