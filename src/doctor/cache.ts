// The user's cache: without a place to write there is no build.

import { accessSync, constants, mkdirSync, statfsSync, statSync } from 'node:fs'

import { keysOf, openEntry } from '../runtimes/cache.ts'
import { broken, ok, warning, type Check } from './check.ts'
import { runProbe } from './host.ts'

/** A base, an executable, and what they are made of. */
const LEAST_BYTES = 500e6
const OTHER_PLACE = 'set XDG_CACHE_HOME to a directory of yours'

export async function checkCache(root: string): Promise<Check[]> {
  const place = checkPlace(root)
  if (place.status === 'broken') return [place]
  return [place, checkExecution(root), checkSpace(root), await checkEntries(root)]
}

function checkPlace(root: string): Check {
  try {
    mkdirSync(root, { recursive: true })
    accessSync(root, constants.W_OK | constants.X_OK)
  } catch (error) {
    const { code = 'no access' } = error as NodeJS.ErrnoException
    return broken('CACHE_WRITABLE', `the cache cannot be written (${code})`, OTHER_PLACE, root)
  }
  const uid = process.getuid?.()
  if (uid !== undefined && statSync(root).uid !== uid) {
    const help = `${OTHER_PLACE}, or give it back: chown -R ${uid} ${root}`
    return warning('CACHE_WRITABLE', 'the cache belongs to another user', help, root)
  }
  return ok('CACHE_WRITABLE', root)
}

/** getpid, which is allowed everywhere. */
const HARMLESS = { number: 39, args: [] }

function checkExecution(root: string): Check {
  if (runProbe(HARMLESS, root) === 0) return ok('CACHE_EXECUTABLE', 'programs can be executed from the cache')
  const problem =
    'programs cannot be executed from the cache: builds run Node there, and "ingot run" the program'
  return broken('CACHE_EXECUTABLE', problem, `${OTHER_PLACE} on a file system without noexec`, root)
}

function checkSpace(root: string): Check {
  const { bavail, bsize } = statfsSync(root)
  const text = `${Math.round((bavail * bsize) / 1e6)} MB are free`
  return bavail * bsize >= LEAST_BYTES
    ? ok('CACHE_SPACE', text)
    : warning('CACHE_SPACE', text, 'make room there, or set XDG_CACHE_HOME to a larger disk', root)
}

/** Opening an entry verifies it, and removes it if it is damaged. */
async function checkEntries(root: string): Promise<Check> {
  const keys = ['node-', 'debian-', 'base-', 'host-libraries-'].flatMap((prefix) => keysOf(prefix, root))
  const opened = await Promise.all(keys.map((key) => openEntry(key, root)))
  const damaged = keys.filter((_, i) => opened[i] === undefined)
  if (damaged.length === 0) return ok('CACHE_SOUND', `${keys.length} entries are sound`)
  const help = 'nothing is left to do: the next build makes them again; if it happens again, check the disk'
  return warning('CACHE_SOUND', `damaged entries were removed: ${damaged.join(', ')}`, help, root)
}
