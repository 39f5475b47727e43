// process.chdir into the embedded tree: the kernel's directory stays where it was, and relative
// paths of the program are resolved here.

import path from 'node:path'

import type { Internals } from './internals.ts'
import type { ErrorFactory } from './vfs/errors.ts'
import {
  getVirtualWorkingDirectory,
  setVirtualWorkingDirectory,
  toArchivePath,
  toVirtualPath,
} from './vfs/paths.ts'
import { isDirectory, type Tree } from './vfs/tree.ts'

export function installWorkingDirectory(
  { processMethods }: Internals,
  tree: Tree,
  error: ErrorFactory,
): void {
  const { chdir, cwd } = processMethods
  processMethods.cwd = () => getVirtualWorkingDirectory() ?? cwd()
  processMethods.chdir = (directory: string) => {
    const archivePath = toArchivePath(directory)
    if (archivePath === undefined) {
      const virtual = getVirtualWorkingDirectory()
      chdir(virtual === undefined ? directory : path.resolve(virtual, directory))
      setVirtualWorkingDirectory(undefined)
      return
    }
    const found = tree.archive.resolve(archivePath, true)
    const code = typeof found === 'string' ? found : isDirectory(found) ? undefined : 'ENOTDIR'
    if (code) throw error(code, 'chdir', process.cwd(), directory)
    setVirtualWorkingDirectory(toVirtualPath((found as { path: string }).path))
  }
}

/** In a worker, which has the directory that was the program's when it was started. */
export function installWorkerDirectory(directory: string | undefined): void {
  if (directory === undefined) return
  setVirtualWorkingDirectory(directory)
  const { cwd } = process
  process.cwd = () => getVirtualWorkingDirectory() ?? cwd()
}
