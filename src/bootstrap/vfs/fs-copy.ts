// Copies out of the embedded tree, and the refusal of all that would change it. node does a directory
// in one native walk (fs.cp) or function (fs.cpSync), which see the kernel's files only; its own
// walk in JavaScript, the one for copies with a filter, ends in functions that know ours.

import fs, { closeSync, constants, openSync, writeSync } from 'node:fs'
import path from 'node:path'

import type { Internals } from '../internals.ts'
import type { ErrorFactory } from './errors.ts'
import { toArchivePath, type BindingPath } from './paths.ts'
import { isMode, patch, type Answer, type Binding } from './requests.ts'
import type { Tree } from './tree.ts'

const { COPYFILE_EXCL, O_CREAT, O_EXCL, O_TRUNC, O_WRONLY } = constants

export function installCopies(
  { fs: binding, whenLoaded }: Pick<Internals, 'fs' | 'whenLoaded'>,
  tree: Tree,
  answer: Answer,
  error: ErrorFactory,
): void {
  const copyOut = createCopyOut(tree, error)
  patch(binding, 'copyFile', (native, args) => {
    const [from, to, mode, request] = args
    if (!isMode(mode)) return native(args)
    const target = toArchivePath(to)
    const source = toArchivePath(from)
    if (target !== undefined) return answer(request, () => tree.refuse('copyfile', target, false))
    if (source === undefined) return native(args)
    return answer(request, () => copyOut(from, source, to, mode))
  })
  patch(binding, 'symlink', (native, args) => {
    const [pointsTo, link, , request] = args
    const target = toArchivePath(link)
    if (target !== undefined) return answer(request, () => tree.refuse('symlink', target, false))
    const source = path.isAbsolute(String(pointsTo)) ? toArchivePath(pointsTo) : undefined
    if (source === undefined || !tree.exists(source)) return native(args)
    // The kernel would find nothing there: a link into this executable is what it leads to.
    return answer(request, () => {
      if (fs.lstatSync(link, { throwIfNoEntry: false })) throw error('EEXIST', 'symlink', pointsTo, link)
      fs.cpSync(tree.realPath(source), link, { recursive: true })
    })
  })
  patch(binding, 'cpSyncCheckPaths', (native, args) => {
    const [source, target, dereference, recursive] = args
    if (toArchivePath(target) !== undefined) tree.refuse('cp', toArchivePath(target), false)
    return toArchivePath(source) === undefined
      ? native(args)
      : checkPaths(source, target, dereference, recursive)
  })
  patch(binding, 'cpSyncOverrideFile', (native, args) => {
    const [from, to, mode, preserveTimestamps] = args
    const source = toArchivePath(from)
    if (source === undefined) return native(args)
    binding.unlink(to)
    copyOut(from, source, to, mode)
    if (preserveTimestamps) copyTimes(from, to)
  })
  patch(binding, 'cpSyncCopyDir', (native, args) => {
    const [source, target, ...flags] = args
    if (toArchivePath(source) === undefined) return native(args)
    const options: fs.CopySyncOptions = walkOptions(flags)
    const filter = (from: string, to: string) => {
      const real = leadsOut(tree, source, from, flags)
      if (real !== undefined) fs.cpSync(real, to, options)
      return real === undefined
    }
    return fs.cpSync(source, target, { ...options, filter })
  })
  const { CpDirJob } = binding
  if (!CpDirJob) {
    whenLoaded('internal/fs/cp/cp', (cp) => copyTreesInJavaScript(cp, tree))
    return
  }
  binding.CpDirJob = function (source: string, target: string, ...flags: any[]) {
    if (toArchivePath(source) === undefined && toArchivePath(target) === undefined)
      return new CpDirJob(source, target, ...flags)
    const options = treeOptions(tree, source, flags)
    return {
      run(this: { ondone(error: unknown): void }) {
        fs.cp(source, target, options, (failure) => this.ondone(failure))
      },
    }
  }
}

/** fs.cp of a version of node that has no native walk: what it does with links is to be the same. */
function copyTreesInJavaScript(cp: Binding, tree: Tree): void {
  const { cpFn } = cp
  cp['cpFn'] = (source: string, target: string, options: fs.CopyOptions) => {
    if (options.filter || toArchivePath(source) === undefined) return cpFn(source, target, options)
    const { force, dereference, errorOnExist, verbatimSymlinks, preserveTimestamps, mode, recursive } =
      options
    const flags = [force, dereference, errorOnExist, verbatimSymlinks, preserveTimestamps, mode]
    return cpFn(source, target, { ...options, ...treeOptions(tree, source, flags), recursive })
  }
}

/** For node's walk in JavaScript, which then copies what the links lead to that leave the tree. */
function treeOptions(tree: Tree, source: string, flags: any[]): fs.CopyOptions {
  const options: fs.CopyOptions = walkOptions(flags)
  const filter = async (from: string, to: string) => {
    const real = leadsOut(tree, source, from, flags)
    if (real !== undefined) await fs.promises.cp(real, to, options)
    return real === undefined
  }
  return { ...options, filter }
}

type CopyFlags = [
  force: boolean,
  dereference: boolean,
  errorOnExist: boolean,
  verbatimSymlinks: boolean,
  preserveTimestamps: boolean,
  mode?: number,
]

function walkOptions(flags: any[]) {
  const [force, dereference, errorOnExist, , preserveTimestamps, mode = 0] = flags as CopyFlags
  // Links in the archive are relative and stay it: absolute ones would lead into this executable, where
  // the kernel finds nothing.
  const verbatimSymlinks = !dereference
  return { recursive: true, force, dereference, errorOnExist, verbatimSymlinks, preserveTimestamps, mode }
}

/** Where a link leads that leaves the tree which is copied; in the copy that would be nowhere. */
function leadsOut(tree: Tree, root: string, link: string, flags: any[]): string | undefined {
  const [, dereference, , verbatimSymlinks] = flags as CopyFlags
  if (dereference || verbatimSymlinks) return undefined
  const isLink = fs.lstatSync(link).isSymbolicLink()
  if (!isLink || !fs.existsSync(link)) return undefined
  const top = tree.realPath(toArchivePath(root)!)
  const real = tree.realPath(toArchivePath(link)!)
  return real === top || real.startsWith(top + path.sep) ? undefined : real
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

function createCopyOut(tree: Tree, error: ErrorFactory) {
  return (from: BindingPath, source: string, to: BindingPath, mode: number): void => {
    try {
      const entry = tree.readable(source)
      const data = tree.archive.data(entry)
      const flags = O_WRONLY | O_CREAT | (mode & COPYFILE_EXCL ? O_EXCL : O_TRUNC)
      const descriptor = openSync(to as string, flags, entry.mode)
      try {
        for (let position = 0; position < data.length;) position += writeSync(descriptor, data, position)
      } finally {
        closeSync(descriptor)
      }
    } catch (failure: any) {
      throw error(failure.code, 'copyfile', from, to)
    }
  }
}

function copyTimes(from: fs.PathLike, to: fs.PathLike): void {
  const { atime, mtime } = fs.statSync(from)
  fs.utimesSync(to, atime, mtime)
}
