// The commit that a program was built from. git is asked, as it alone knows what counts as changed (attributes, filters,
// submodules); where there is no git, no repository or no commit, nothing is known.

import { execFile } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'

import type { BuildInfo } from '../format/build-info.ts'

export interface WorkTree {
  readonly commit: string
  /** A tracked file is not as it was committed. */
  readonly isChanged: boolean
  /** Absolute paths of what is not tracked; a directory, with a slash at its end, stands for all below it. */
  readonly untracked: readonly string[]
}

/** Starts at once, so that it is done when the graph is. */
export async function lookAtGit(projectDir: string): Promise<WorkTree | undefined> {
  const top = repositoryAbove(projectDir)
  if (top === undefined) return undefined
  const args = [
    '--no-optional-locks',
    '-C',
    top,
    'status',
    '--porcelain=v2',
    '--branch',
    '--untracked-files=normal',
    '-z',
  ]
  try {
    const { stdout } = await promisify(execFile)('git', args, { maxBuffer: 2 ** 28 })
    return readStatus(stdout, top)
  } catch {
    return undefined
  }
}

/**
 * @param files absolute paths of what the program is made of. Other files that are not tracked make no difference: the
 *   executable of the last build would be one.
 */
export function vcsOf(tree: WorkTree | undefined, files: readonly string[]): BuildInfo['vcs'] {
  if (!tree) return undefined
  const { commit, isChanged } = tree
  return { commit, dirty: isChanged || untrackedOf(tree, files).length > 0 }
}

/** All that `vcsOf` says of these files, or of some of them, follows from it. */
export function seenOf(tree: WorkTree | undefined, files: readonly string[]): string {
  return JSON.stringify(tree ? [tree.commit, tree.isChanged, untrackedOf(tree, files)] : [])
}

function untrackedOf({ untracked }: WorkTree, files: readonly string[]): string[] {
  return files.filter((file) =>
    untracked.some((place) => (place.endsWith('/') ? file.startsWith(place) : file === place)),
  )
}

/** The work tree that a directory is in. */
export function repositoryAbove(start: string): string | undefined {
  for (let directory = realpathSync(start); ; directory = path.dirname(directory)) {
    if (existsSync(path.join(directory, '.git'))) return directory
    if (path.dirname(directory) === directory) return undefined
  }
}

/** git-status(1), porcelain format version 2. */
function readStatus(output: string, top: string): WorkTree | undefined {
  const lines = output.split('\0')
  const commit = lines.find((line) => line.startsWith('# branch.oid '))?.slice('# branch.oid '.length)
  if (commit === undefined || !/^[0-9a-f]{40,}$/.test(commit)) return undefined
  return {
    commit,
    isChanged: lines.some((line) => /^[12u] /.test(line)),
    untracked: lines.filter((line) => line.startsWith('? ')).map((line) => `${top}/${line.slice(2)}`),
  }
}
