import { lstatSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** What `path` is, links followed; undefined where there is nothing that we could read. */
export function kindOf(path: string): 'file' | 'directory' | undefined {
  try {
    return statSync(path).isDirectory() ? 'directory' : 'file'
  } catch {
    return undefined
  }
}

/** `dir` or the nearest directory above it that has a package.json. */
export function nearestPackageDir(dir: string): string | undefined {
  if (kindOf(join(dir, 'package.json')) === 'file') return dir
  const parent = dirname(dir)
  return parent === dir ? undefined : nearestPackageDir(parent)
}

export function isFile(path: string): boolean {
  return kindOf(path) === 'file'
}

/** The symbolic links among the directories of a path that exists, and itself. */
export function linksOnTheWay(path: string): string[] {
  const parent = dirname(path)
  if (parent === path) return []
  return [...linksOnTheWay(parent), ...(lstatSync(path).isSymbolicLink() ? [path] : [])]
}
