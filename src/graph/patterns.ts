// Files that a path with unknown parts can mean.

import { existsSync, globSync, statSync } from 'node:fs'
import path from 'node:path'

import type { EdgeKind } from './resolve.ts'
import { WILDCARD } from './values.ts'

/** What `require` adds to a name by itself. */
const REQUIRE_EXTENSIONS = '(?:\\.js|\\.json|\\.cjs|\\.node|\\.ts|/index\\.js)?'

export interface Matching {
  /** Everything below it was looked at. */
  readonly directory: string
  readonly files: readonly string[]
}

/**
 * The files below the pattern's fixed part that match it; undefined if the pattern could mean
 * anything: its fixed part is the project or something outside.
 * @param kind how the path is used; undefined if it is only a path
 */
export function filesMatching(
  pattern: string,
  kind: EdgeKind | undefined,
  projectDir: string,
): Matching | undefined {
  const fixed = pattern.slice(0, pattern.indexOf(WILDCARD))
  const directory = fixed.slice(0, fixed.lastIndexOf('/'))
  if (!directory.startsWith(`${projectDir}/`) || !existsSync(directory)) return undefined
  const parts = pattern.slice(directory.length + 1).split(WILDCARD)
  const extensions = kind === 'require' ? REQUIRE_EXTENSIONS : ''
  const matches = new RegExp(`^${parts.map(escapeRegExp).join('.*')}${extensions}$`)
  const files = globSync('**/*', {
    cwd: directory,
    exclude: (name) => path.basename(name) === 'node_modules',
  })
    .filter((found) => matches.test(found))
    .map((found) => path.join(directory, found))
    .filter((file) => statSync(file).isFile())
  return { directory, files }
}

/** Of a path that names no file: those that a glob finds, or that are named when its unknown parts are known. */
export function matchingPath(named: string, projectDir: string): Matching | undefined {
  if (named.includes(WILDCARD)) return filesMatching(named, undefined, projectDir)
  return GLOB.test(named) ? filesOfGlob(named, projectDir) : undefined
}

const GLOB = /[*?[{]/

/** The files that a glob of the program's own finds; undefined if it could find the whole project. */
function filesOfGlob(glob: string, projectDir: string): Matching | undefined {
  const fixed = glob.slice(0, glob.search(GLOB))
  const directory = fixed.slice(0, fixed.lastIndexOf('/'))
  const isBelow = directory.startsWith(`${projectDir}/`)
  const isOfProject = directory === projectDir && path.basename(glob).includes('.')
  if (!isBelow && !isOfProject) return undefined
  const files = globSync(glob, { exclude: (name) => path.basename(name) === 'node_modules' })
  return { directory, files: files.filter((file) => statSync(file).isFile()) }
}

export function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
