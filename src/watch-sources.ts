// Waits until something below a directory changes. Packages and version control are left aside: an installation
// changes thousands of files, and ends with a lock file that is not in there.

import { readdirSync, watch, type FSWatcher } from 'node:fs'
import path from 'node:path'

const LEFT_ASIDE = new Set(['node_modules', '.git'])
/** An editor writes a file in several steps, a tool many files. */
const QUIET_MS = 50
/** What lies elsewhere is looked at so often. */
const LOOK_MS = 1000

/**
 * @param hasChanged asked after each event and from time to time, as not everything that happens matters; without it
 *   everything does
 * @param signal ends the waiting
 */
export function untilChanged(
  directory: string,
  hasChanged: (() => boolean) | undefined,
  signal: AbortSignal,
): Promise<void> {
  const watchers: FSWatcher[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  let quiet: NodeJS.Timeout | undefined
  const look = () => hasChanged?.() && resolve()
  const onEvent = (): void => {
    clearTimeout(quiet)
    quiet = setTimeout(hasChanged ? look : resolve, QUIET_MS)
  }
  for (const each of directoriesBelow(directory)) {
    try {
      watchers.push(watch(each, onEvent).on('error', () => {}))
    } catch {
      // Gone, or more than the kernel watches for a user: it is still looked at.
    }
  }
  const timer = setInterval(look, LOOK_MS)
  signal.addEventListener('abort', () => resolve(), { once: true })
  // Since the last look it may have changed already.
  look()
  return promise.finally(() => {
    clearTimeout(quiet)
    clearInterval(timer)
    for (const watcher of watchers) watcher.close()
  })
}

function* directoriesBelow(directory: string): Generator<string> {
  yield directory
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory() && !LEFT_ASIDE.has(entry.name))
      yield* directoriesBelow(path.join(directory, entry.name))
  }
}
