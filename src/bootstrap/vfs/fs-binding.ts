// Puts the embedded tree under node:fs, at the one place where all of node:fs comes together: the
// native binding. Everything above it (argument checks, options, encodings, streams, FileHandle,
// Dirent, cp, glob, error messages) stays node's own, and files outside cost one string comparison.
//
// How it is called is in requests.ts. Some functions take arguments after the request.

import type { Internals } from '../internals.ts'
import type { ErrorFactory } from './errors.ts'
import { installCopies } from './fs-copy.ts'
import { fileHandle, installJobs } from './fs-jobs.ts'
import { installShortCuts } from './fs-short-cuts.ts'
import { installOwnMaps } from './own-maps.ts'
import { toArchivePath } from './paths.ts'
import {
  answerWith,
  isMode,
  patch,
  type Answer,
  type Binding,
  type Native,
  type Request,
} from './requests.ts'
import { RealDescriptors } from './real-descriptors.ts'
import { listRecursively } from './recursive-listing.ts'
import { comingFrom } from './stack.ts'
import { statArray, statfsArray } from './stats.ts'
import { baseName, direntType, isDirectory, type Tree } from './tree.ts'
import { installWayIn } from './way-in.ts'

/** Where a function without a request would have it. */
const NO_REQUEST = 9

export function installFsBinding(internals: Internals, tree: Tree, error: ErrorFactory): RealDescriptors {
  const { fs: binding, fsDir } = internals
  const real = new RealDescriptors(binding, tree)
  installOwnMaps(binding)
  const { kUsePromises } = binding
  const answer = answerWith(kUsePromises)

  /** Stands in for `name` where `own` knows the argument at `at`; the operation gets what `own` makes of it. */
  const serve = <T>(
    name: string,
    own: (given: any) => T | undefined,
    requestAt: number,
    operation: (own: T, args: any[]) => unknown,
    at = 0,
  ) => {
    const native: Native | undefined = binding[name]
    if (!native) return // another version of node: it then cannot be called either
    // Programs read thousands of files through this: nothing is made for a call but what it needs.
    binding[name] = function patched(this: unknown, ...args: any[]) {
      const ours = own(args[at])
      if (ours === undefined) return Reflect.apply(native, this, args)
      const request: Request = args[requestAt]
      if (request !== undefined) return answer(request, () => attempt(ours, args))
      try {
        return operation(ours, args)
      } catch (failure) {
        throw comingFrom(binding[name], naming(args[at], failure))
      }
    }
    const attempt = (ours: T, args: any[]) => {
      try {
        return operation(ours, args)
      } catch (failure) {
        throw naming(args[at], failure)
      }
    }
  }
  /** Errors name the path as the program wrote it. */
  const naming = (given: unknown, failure: any): unknown => {
    if (typeof given !== 'string' || typeof failure?.path !== 'string' || failure.path === given)
      return failure
    return error(failure.code, failure.syscall, given, failure.dest)
  }
  const onPath = (
    name: string,
    requestAt: number,
    operation: (path: string, args: any[]) => unknown,
    at?: number,
  ) => serve(name, toArchivePath, requestAt, operation, at)
  const onDescriptor = (
    name: string,
    requestAt: number,
    operation: (descriptor: number, args: any[]) => unknown,
  ) => serve(name, (given) => (tree.isOurs(given) ? given : undefined), requestAt, operation)

  const { access, open, close, read } = binding
  onPath('access', 2, (path, [given, mode, request]) =>
    isMode(mode) ? tree.access(path, mode) : access(given, mode, request),
  )
  onPath('existsSync', NO_REQUEST, (path) => tree.exists(path))
  onPath('internalModuleStat', NO_REQUEST, (path) => moduleStat(tree, path))
  onPath('open', 3, (path, args) => tree.open(path, args[1]))
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
  onPath('readdirRecursive', 3, (path, [, encoding, withTypes]) =>
    listRecursively(tree, path, withTypes, (name) => encode(name, encoding)),
  )
  onDescriptor('readFileUtf8', NO_REQUEST, (descriptor) => tree.rest(descriptor).toString())
  onPath('readFileUtf8', NO_REQUEST, (path, args) => {
    const descriptor = tree.open(path, args[1])
    try {
      return tree.rest(descriptor).toString()
    } finally {
      tree.close(descriptor)
    }
  })

  onDescriptor('close', 1, (descriptor) => tree.close(descriptor))
  onDescriptor('fstat', 2, (descriptor, args) =>
    statArray(tree.stat(descriptor), args[1], args[2] === undefined),
  )
  onDescriptor('read', 5, (descriptor, args) => tree.read(descriptor, args[1], args[2], args[3], args[4]))
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
  // Removing what is not there is no change: unless it is forced, node has looked before.
  onPath('rmSync', NO_REQUEST, (path) => (tree.exists(path) ? tree.refuse('rm', path, true) : undefined))
  // And making directories that are there already is none.
  onPath('mkdir', 3, (path, [, , recursive]) => {
    if (recursive && tree.exists(path) && isDirectory(tree.lookup(path, 'mkdir'))) return undefined
    return tree.refuseDirectory(path)
  })
  installShortCuts(binding, { open, close, read }, tree)
  installCopies(internals, tree, answer, error)
  installJobs(binding, tree, real, naming)
  patchDirectories(fsDir, tree, answer)
  installWayIn(binding, tree, answer, encode)
  return real
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
  rename: [2, true],
  link: [2, true],
  mkdtemp: [2, false],
  writeFileUtf8: [NO_REQUEST, false],
}

/** What the error names, where it is not the binding's name. */
const SYSCALL_NAMES: Record<string, string> = {
  utimes: 'utime',
  lutimes: 'lutime',
  writeFileUtf8: 'open',
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
      if (typeof tree.resolve(path, follow) === 'string') return undefined
    }
    return statArray(tree.lookup(path, syscall, follow), bigint, request === undefined)
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
    const count = tree.read(descriptor, buffer, 0, buffer.byteLength, at)
    total += count
    if (count < buffer.byteLength) break
  }
  return total
}

function patchDirectories(binding: Binding, tree: Tree, answer: Answer): void {
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
    return path === undefined ? native(args) : answer(args[2], () => open(path))
  })
  patch(binding, 'opendirSync', (native, args) => {
    const path = toArchivePath(args[0])
    return path === undefined ? native(args) : open(path)
  })
}
