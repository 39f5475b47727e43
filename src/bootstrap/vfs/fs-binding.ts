// Puts the embedded tree under node:fs, at the one place where all of node:fs comes together: the
// native binding. Everything above it (argument checks, options, encodings, streams, FileHandle,
// Dirent, cp, glob, error messages) stays node's own, and files outside cost one string comparison.
//
// The binding's convention (node's src/node_file.cc): the same function is synchronous without a
// request, calls request.oncomplete with one, and returns a promise for kUsePromises. Some take
// arguments after the request.

import { constants } from 'node:fs'

import type { Internals } from '../internals.ts'
import type { ErrorFactory } from './errors.ts'
import { toArchivePath, type BindingPath } from './paths.ts'
import { comingFrom, fromNowhere } from './stack.ts'
import { statArray, statfsArray } from './stats.ts'
import { baseName, direntType, isDirectory, type Tree } from './tree.ts'

type Native = (...args: any[]) => any
type Binding = Record<string, any>

/** A request of the binding: absent, a callback's, or the marker for a promise. */
type Request = { oncomplete(error: unknown, value?: unknown): void } | symbol | undefined

export function installFsBinding({ fs: binding, fsDir }: Internals, tree: Tree, error: ErrorFactory): void {
  const { kUsePromises } = binding
  const answer = (request: Request, operation: () => unknown) => complete(request, kUsePromises, operation)

  /** Replaces `name` for calls in which the argument at `at` is a path of ours. */
  const onPath = (
    name: string,
    requestAt: number,
    operation: (path: string, args: any[]) => unknown,
    at = 0,
  ) =>
    patch(binding, name, (native, args) => {
      const given = args[at] as BindingPath
      const path = toArchivePath(given)
      if (path === undefined) return native(...args)
      return answer(args[requestAt], () => naming(given, () => operation(path, args)))
    })
  /** Errors name the path as the program wrote it. */
  const naming = (given: BindingPath, run: () => unknown) => {
    try {
      return run()
    } catch (failure: any) {
      if (typeof given !== 'string' || typeof failure?.path !== 'string' || failure.path === given)
        throw failure
      throw error(failure.code, failure.syscall, given, failure.dest)
    }
  }
  const onDescriptor = (
    name: string,
    requestAt: number,
    operation: (descriptor: number, args: any[]) => unknown,
  ) =>
    patch(binding, name, (native, args) =>
      tree.isOurs(args[0]) ? answer(args[requestAt], () => operation(args[0], args)) : native(...args),
    )

  onPath('access', 2, (path, [, mode]) => tree.access(path, mode))
  onPath('existsSync', -1, (path) => tree.exists(path))
  onPath('internalModuleStat', -1, (path) => moduleStat(tree, path))
  onPath('open', 3, (path, [, flags]) => tree.open(path, flags))
  onPath('openFileHandle', 3, (path, [, flags]) => fileHandle(tree, tree.open(path, flags)))
  onPath('lstat', 2, statOperation(tree, 'lstat', false))
  onPath('stat', 2, statOperation(tree, 'stat', true))
  onPath('statfs', 2, (path, [, bigint]) => (tree.lookup(path, 'statfs'), statfsArray(bigint)))
  onPath('readlink', 2, (path, [, encoding]) => encode(tree.readLink(path), encoding))
  onPath('realpath', 2, (path, [, encoding]) => encode(tree.realPath(path), encoding))
  onPath('readdir', 3, (path, [, encoding, withTypes]) => {
    const entries = tree.list(path)
    const names = entries.map((entry) => encode(baseName(entry), encoding))
    return withTypes ? [names, entries.map(direntType)] : names
  })
  onPath('readdirRecursive', 3, (path, [, encoding, withTypes]) => {
    const found = [...tree.walk(path)]
    const names = found.map((item) => encode(item.path, encoding))
    return withTypes ? [names, found.map(({ entry }) => direntType(entry))] : names
  })
  patch(binding, 'readFileUtf8', (native, args) => {
    if (tree.isOurs(args[0])) return tree.rest(args[0]).toString()
    const path = typeof args[0] === 'number' ? undefined : toArchivePath(args[0])
    if (path === undefined) return native(...args)
    const descriptor = tree.open(path, args[1])
    try {
      return tree.rest(descriptor).toString()
    } finally {
      tree.close(descriptor)
    }
  })

  onDescriptor('close', 1, (descriptor) => tree.close(descriptor))
  onDescriptor('fstat', 2, (descriptor, [, bigint]) => statArray(tree.stat(descriptor), bigint))
  onDescriptor('read', 5, (descriptor, [, buffer, offset, length, position]) =>
    tree.read(descriptor, new Uint8Array(buffer.buffer, buffer.byteOffset + offset, length), position),
  )
  onDescriptor('readBuffers', 3, (descriptor, [, buffers, position]) =>
    readBuffers(tree, descriptor, buffers, position),
  )
  for (const name of ['fsync', 'fdatasync']) onDescriptor(name, 1, () => undefined)
  for (const [name, requestAt] of Object.entries(DESCRIPTOR_WRITES)) {
    onDescriptor(name, requestAt, () =>
      tree.refuse(name.startsWith('write') ? 'write' : name, undefined, false),
    )
  }

  for (const [name, [requestAt, mustExist]] of Object.entries(PATH_WRITES)) {
    onPath(name, requestAt, (path) => tree.refuse(SYSCALL_NAMES[name] ?? name, path, mustExist))
  }
  // Making directories that are there already is no change.
  onPath('mkdir', 3, (path, [, , recursive]) => {
    if (recursive && tree.exists(path) && isDirectory(tree.lookup(path, 'mkdir'))) return undefined
    return tree.refuseDirectory(path)
  })
  patchCopies(binding, tree, answer)
  patchOneShotJobs(binding, tree)
  patchDirectories(fsDir, tree, answer)
}

/** Position of the request among the arguments. */
const DESCRIPTOR_WRITES: Record<string, number> = {
  ftruncate: 2,
  fchmod: 2,
  fchown: 3,
  futimes: 3,
  writeBuffer: 5,
  writeBuffers: 3,
  writeString: 4,
}

/** Position of the request, and whether a missing file is ENOENT rather than EROFS. */
const PATH_WRITES: Record<string, [requestAt: number, mustExist: boolean]> = {
  chmod: [2, true],
  chown: [3, true],
  lchown: [3, true],
  utimes: [3, true],
  lutimes: [3, true],
  unlink: [1, true],
  rmdir: [1, true],
  rmSync: [-1, true],
  rename: [2, true],
  link: [2, true],
  mkdtemp: [2, false],
  writeFileUtf8: [-1, false],
}

/** What the error names, where it is not the binding's name. */
const SYSCALL_NAMES: Record<string, string> = {
  rmSync: 'rm',
  utimes: 'utime',
  lutimes: 'lutime',
  writeFileUtf8: 'open',
}

function patch(target: Binding, name: string, replacement: (native: Native, args: any[]) => unknown): void {
  const native: Native | undefined = target[name]
  if (!native) return // another version of node: it then cannot be called either
  target[name] = function patched(this: unknown, ...args: any[]) {
    try {
      return replacement((...forwarded) => Reflect.apply(native, this, forwarded), args)
    } catch (error) {
      throw comingFrom(patched, error)
    }
  }
}

function complete(request: Request, kUsePromises: symbol, operation: () => unknown): unknown {
  if (request === undefined) return operation()
  if (request === kUsePromises) {
    // Not an already settled promise: a program that polls must not starve its timers.
    return new Promise((resolve, reject) => {
      setImmediate(() => attempt(operation, (error) => reject(fromNowhere(error)), resolve))
    })
  }
  const callback = request as Exclude<Request, symbol | undefined>
  setImmediate(() =>
    attempt(
      operation,
      (error) => callback.oncomplete(fromNowhere(error)),
      (value) => (value === undefined ? callback.oncomplete(null) : callback.oncomplete(null, value)),
    ),
  )
  return undefined
}

function attempt<T>(operation: () => T, fail: (error: unknown) => void, succeed: (value: T) => void): void {
  let value: T
  try {
    value = operation()
  } catch (error) {
    fail(error)
    return
  }
  succeed(value)
}

function encode(text: string, encoding: unknown): string | Buffer {
  if (encoding === undefined || encoding === null || encoding === 'utf8' || encoding === 'utf-8') return text
  const bytes = Buffer.from(text)
  return encoding === 'buffer' ? bytes : bytes.toString(encoding as BufferEncoding)
}

/** What the module loader asks: 0 file, 1 directory, negative error. */
export function moduleStat(tree: Tree, path: string): number {
  const found = tree.archive.resolve(path, true)
  if (typeof found === 'string') return -2
  return isDirectory(found) ? 1 : 0
}

function statOperation(tree: Tree, syscall: string, follow: boolean) {
  return (path: string, [, bigint, request, throwIfNoEntry]: any[]) => {
    if (request === undefined && throwIfNoEntry === false) {
      if (typeof tree.archive.resolve(path, follow) === 'string') return undefined
    }
    return statArray(tree.lookup(path, syscall, follow), bigint)
  }
}

function readBuffers(
  tree: Tree,
  descriptor: number,
  buffers: NodeJS.ArrayBufferView[],
  position: unknown,
): number {
  let total = 0
  for (const buffer of buffers) {
    const at = typeof position === 'number' && position >= 0 ? position + total : -1
    const count = tree.read(descriptor, buffer, at)
    total += count
    if (count < buffer.byteLength) break
  }
  return total
}

/** The native half of a FileHandle: what lib/internal/fs/promises.js calls on it. */
function fileHandle(tree: Tree, descriptor: number) {
  return {
    fd: descriptor,
    getAsyncId: () => 0,
    close: async () => tree.close(descriptor),
    closeSync: () => tree.close(descriptor),
    releaseFD: () => descriptor,
  }
}

function patchCopies(
  binding: Binding,
  tree: Tree,
  answer: (request: Request, operation: () => unknown) => unknown,
) {
  patch(binding, 'copyFile', (native, args) => {
    const [from, to, mode, request] = args
    const target = toArchivePath(to)
    const source = toArchivePath(from)
    if (target !== undefined) return answer(request, () => tree.refuse('copyfile', target, false))
    if (source === undefined) return native(...args)
    return answer(request, () => copyOut(binding, tree, source, to, mode))
  })
  patch(binding, 'symlink', (native, args) => {
    const target = toArchivePath(args[1])
    return target === undefined
      ? native(...args)
      : answer(args[3], () => tree.refuse('symlink', target, false))
  })
  patch(binding, 'cpSyncCheckPaths', (native, args) => {
    // Its checks are about writing over oneself, which cannot happen across the two file systems.
    if (toArchivePath(args[1]) !== undefined) tree.refuse('cp', toArchivePath(args[1]), false)
    const source = toArchivePath(args[0])
    return source === undefined ? native(...args) : void tree.lookup(source, 'cp')
  })
  patch(binding, 'cpSyncCopyDir', (native, args) => {
    const source = toArchivePath(args[0])
    return source === undefined ? native(...args) : copyTree(binding, tree, source, args[1])
  })
}

const { COPYFILE_EXCL, O_CREAT, O_EXCL, O_TRUNC, O_WRONLY } = constants

function copyOut(binding: Binding, tree: Tree, source: string, to: BindingPath, mode: number): void {
  const data = tree.contents(source)
  const entry = tree.lookup(source, 'copyfile')
  const flags = O_WRONLY | O_CREAT | (mode & COPYFILE_EXCL ? O_EXCL : O_TRUNC)
  // The copy is the user's own file: writable, unlike the original.
  const descriptor = binding.open(to, flags, entry.mode | 0o200)
  try {
    for (let position = 0; position < data.length;) {
      position += binding.writeBuffer(descriptor, data, position, data.length - position, null)
    }
  } finally {
    binding.close(descriptor)
  }
}

function copyTree(binding: Binding, tree: Tree, source: string, to: string): void {
  binding.mkdir(to, 0o777, true)
  for (const { path, entry } of tree.walk(source)) {
    const target = `${to}/${path}`
    if (isDirectory(entry)) binding.mkdir(target, 0o777, true)
    else copyOut(binding, tree, entry.path, target, 0)
  }
}

/** fs.readFile and writeFile do their work in one native job each, whose classes node:fs captured early. */
function patchOneShotJobs(binding: Binding, tree: Tree): void {
  patchJob(binding.ReadFileJob, (path) => [Buffer.from(tree.contents(path)), -1])
  patchJob(binding.WriteFileJob, (path) => tree.refuse('open', path, false))
}

function patchJob(job: { prototype: Binding }, operation: (path: string) => unknown[]): void {
  const { run } = job.prototype
  job.prototype.run = function (path: BindingPath) {
    const ours = toArchivePath(path)
    if (ours === undefined) return Reflect.apply(run, this, [path])
    setImmediate(() =>
      attempt(
        () => operation(ours),
        (error) => this.ondone(fromNowhere(error)),
        (results) => this.ondone(null, ...results),
      ),
    )
    return undefined
  }
}

function patchDirectories(
  binding: Binding,
  tree: Tree,
  answer: (request: Request, operation: () => unknown) => unknown,
): void {
  const open = (path: string) => {
    const entries = tree.list(path, 'opendir')
    return {
      read: (encoding: unknown, size: number, request: Request) =>
        answer(request, () => {
          const batch = entries.splice(0, size)
          if (batch.length === 0) return null
          return batch.flatMap((entry) => [encode(baseName(entry), encoding), direntType(entry)])
        }),
      close: (request: Request) => answer(request, () => undefined),
    }
  }
  patch(binding, 'opendir', (native, args) => {
    const path = toArchivePath(args[0])
    return path === undefined ? native(...args) : answer(args[2], () => open(path))
  })
  patch(binding, 'opendirSync', (native, args) => {
    const path = toArchivePath(args[0])
    return path === undefined ? native(...args) : open(path)
  })
}
