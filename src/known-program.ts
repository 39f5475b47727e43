// The quick half of `ingot run`: whether the program of a command line lies built in the user's cache, and nothing
// that it was built from is different. program-cache.ts is the other half, and loaded only if not.

import { readFileSync, utimesSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

import { isUnchanged, type Snapshot } from './base/snapshot.ts'
import { VIRTUAL_ROOT } from './format/archive.ts'
import { hashPath } from './format/hash.ts'
import { cacheRoot } from './runtimes/cache-root.ts'

/** What lies in a slot beside the executable. */
export interface ProgramRecord {
  /** The command line that it was built for, in full: two may have the same hash. */
  readonly key: string
  /** Absolute path of the executable. */
  readonly program: string
  readonly snapshot: Snapshot
}

export const RECORD = 'program.json'

const HERE = path.dirname(fileURLToPath(import.meta.url))

/** This Ingot: its sources, or the executable that it is. */
function thisIngot(): string {
  return HERE.startsWith(VIRTUAL_ROOT) ? process.execPath : HERE
}

/** Names what is built: the words of a command line, where they were said, and by which Ingot they were heard. */
export function programKey(words: readonly string[], cwd: string, ingot: string = thisIngot()): string {
  return JSON.stringify([ingot, cwd, ...words])
}

/** The directory for the programs of one key, each in a directory of its own. */
export function slotOf(key: string, env: NodeJS.ProcessEnv): string {
  return path.join(slotsIn(env), hashPath(key).toString(16).padStart(8, '0'))
}

export function slotsIn(env: NodeJS.ProcessEnv): string {
  return path.join(cacheRoot(env), 'programs')
}

/** The executable, if what is there is what a build would make now. */
export function findProgram(key: string, env: NodeJS.ProcessEnv): string | undefined {
  const slot = slotOf(key, env)
  try {
    const record = JSON.parse(readFileSync(path.join(slot, RECORD), 'utf8')) as ProgramRecord
    if (record.key !== key || !isUnchanged(record.snapshot, env)) return undefined
    const now = Date.now() / 1000
    utimesSync(slot, now, now) // the ones used last are kept
    return record.program
  } catch {
    return undefined // none, a damaged one, or a cache that may not be written: a build finds out
  }
}
