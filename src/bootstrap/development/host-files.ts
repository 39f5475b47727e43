// Files of the machine that the program reads: what lies in its own directory is there while it is developed, and
// nowhere else unless it is embedded.

import type { Stats, StatSyncFn } from 'node:fs'

import type { Report } from '../../format/development.ts'
import type { Internals } from '../internals.ts'
import { toArchivePath } from '../vfs/paths.ts'
import { absolute, isArgument, isForWriting } from './host-paths.ts'
import { placeIn } from './program-place.ts'

/** Functions of node's bindings that read what a path leads to; which argument tells whether it is to be written. */
const READERS = {
  open: 1,
  openFileHandle: 1,
  readFileUtf8: 1,
  readdir: -1,
  readdirRecursive: -1,
  copyFile: -1,
}
const DIRECTORY_READERS = ['opendir', 'opendirSync']
const DEPTH = 30

/** @param root of the program, on this machine */
export function watchHostFiles(internals: Internals, root: string, report: (report: Report) => void): void {
  const { fs, fsDir, requireBuiltin } = internals
  const statSync: StatSyncFn = requireBuiltin('fs').statSync
  const beganMs = Date.now()
  const known = new Set<string>()
  let isLooking = false

  const look = (given: unknown): void => {
    if (isLooking) return
    const file = absolute(given)
    if (known.has(file) || !file.startsWith(`${root}/`) || isArgument(file)) return
    isLooking = true
    try {
      const stats: Stats | undefined = statSync(file, { throwIfNoEntry: false })
      // What is younger is the program's own work.
      if (!stats || stats.ctimeMs >= beganMs) return
      known.add(file)
      report({ kind: 'host-file', file, ...placeIn(internals.util.getCallSites(DEPTH)) })
    } catch {
      // It cannot be looked at: then the program finds out, too.
    } finally {
      isLooking = false
    }
  }
  const watch = (binding: any, name: string, flagsAt: number): void => {
    const native = binding[name]
    if (!native) return
    binding[name] = function watched(this: unknown, ...args: unknown[]) {
      const isOutside = typeof args[0] !== 'number' && toArchivePath(args[0] as string) === undefined
      if (isOutside && !isForWriting(args[flagsAt])) look(args[0])
      return Reflect.apply(native, this, args)
    }
  }
  for (const [name, flagsAt] of Object.entries(READERS)) watch(fs, name, flagsAt)
  for (const name of DIRECTORY_READERS) watch(fsDir, name, -1)
  // fs.readFile, and what it is as a promise.
  if (fs.ReadFileJob) watch(fs.ReadFileJob.prototype, 'run', -1)
}
