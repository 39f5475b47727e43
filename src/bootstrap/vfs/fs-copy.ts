// Copies out of the embedded tree, and the refusal of all that would change it. node does a directory
// in one native walk (fs.cp) or function (fs.cpSync), which see the kernel's files only; its own
// walk in JavaScript, the one for copies with a filter, ends in functions that know ours.

import fs, { constants } from 'node:fs'
import path from 'node:path'

import { toArchivePath, type BindingPath } from './paths.ts'
import { patch, type Answer, type Binding } from './requests.ts'
import type { Tree } from './tree.ts'

const { COPYFILE_EXCL, O_CREAT, O_EXCL, O_TRUNC, O_WRONLY } = constants

export function installCopies(binding: Binding, tree: Tree, answer: Answer): void {
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
    const [source, target, dereference, recursive] = args
    if (toArchivePath(target) !== undefined) tree.refuse('cp', toArchivePath(target), false)
    return toArchivePath(source) === undefined
      ? native(...args)
      : checkPaths(source, target, dereference, recursive)
  })
  patch(binding, 'cpSyncOverrideFile', (native, args) => {
    const [from, to, mode, preserveTimestamps] = args
    const source = toArchivePath(from)
    if (source === undefined) return native(...args)
    binding.unlink(to)
    copyOut(binding, tree, source, to, mode)
    if (preserveTimestamps) copyTimes(from, to)
  })
  patch(binding, 'cpSyncCopyDir', (native, args) => {
    const [source, target, ...options] = args
    if (toArchivePath(source) === undefined) return native(...args)
    return fs.cpSync(source, target, walkOptions(options))
  })
  const { CpDirJob } = binding
  if (!CpDirJob) return
  binding.CpDirJob = function (source: string, target: string, ...options: any[]) {
    if (toArchivePath(source) === undefined && toArchivePath(target) === undefined)
      return new CpDirJob(source, target, ...options)
    return {
      run(this: { ondone(error: unknown): void }) {
        fs.cp(source, target, walkOptions(options), (error) => this.ondone(error))
      },
    }
  }
}

type CopyFlags = [
  force: boolean,
  dereference: boolean,
  errorOnExist: boolean,
  verbatimSymlinks: boolean,
  preserveTimestamps: boolean,
  mode?: number,
]

function walkOptions(flags: any[]): fs.CopySyncOptions & fs.CopyOptions {
  const [force, dereference, errorOnExist, , preserveTimestamps, mode = 0] = flags as CopyFlags
  // A link would become an absolute one into this executable, where the kernel finds nothing. Those in
  // the archive are relative, and lead on in the copy.
  const verbatimSymlinks = !dereference
  return {
    recursive: true,
    filter: () => true,
    force,
    dereference,
    errorOnExist,
    verbatimSymlinks,
    preserveTimestamps,
    mode,
  }
}

/** node's CpSyncCheckPaths, as far as the two ends can meet: they lie in two file systems. */
function checkPaths(source: string, target: string, dereference: boolean, recursive: boolean): void {
  const statOf = dereference ? fs.statSync : fs.lstatSync
  const isDirectory = statOf(source).isDirectory()
  const existing = statOf(target, { throwIfNoEntry: false })
  if (existing && isDirectory && !existing.isDirectory())
    throw failure(
      'ERR_FS_CP_DIR_TO_NON_DIR',
      `Cannot overwrite non-directory ${target} with directory ${source}`,
    )
  if (existing?.isDirectory() && !isDirectory)
    throw failure(
      'ERR_FS_CP_NON_DIR_TO_DIR',
      `Cannot overwrite directory ${target} with non-directory ${source}`,
    )
  if (isDirectory && !recursive)
    throw failure('ERR_FS_EISDIR', `Recursive option not enabled, cannot copy a directory: ${source}/`)
  if (!existing) fs.mkdirSync(path.dirname(target), { recursive: true })
}

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}

function copyOut(binding: Binding, tree: Tree, source: string, to: BindingPath, mode: number): void {
  const entry = tree.readable(source)
  const data = tree.archive.data(entry)
  const flags = O_WRONLY | O_CREAT | (mode & COPYFILE_EXCL ? O_EXCL : O_TRUNC)
  const descriptor = binding.open(to, flags, entry.mode)
  try {
    for (let position = 0; position < data.length;) {
      position += binding.writeBuffer(descriptor, data, position, data.length - position, null)
    }
  } finally {
    binding.close(descriptor)
  }
}

function copyTimes(from: fs.PathLike, to: fs.PathLike): void {
  const { atime, mtime } = fs.statSync(from)
  fs.utimesSync(to, atime, mtime)
}
