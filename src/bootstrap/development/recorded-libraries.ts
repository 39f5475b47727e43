// Addons of a traced program, and the shared libraries that come with them.

import type fs from 'node:fs'
import path from 'node:path'

import { besideExecutable } from '../../format/development.ts'
import { toArchivePath } from '../vfs/paths.ts'
import type { DiskFiles } from './disk-files.ts'
import type { Recorder } from './recorder.ts'

/** "start-end protection offset device inode path", of code. */
const MAPPED_CODE = /^\S+ ..x. \S+ \S+ (\d+) +(\/.+)$/gm

export function recordLibraries(recorder: Recorder, files: DiskFiles): void {
  const { readFileSync, statSync }: typeof fs = recorder.internals.requireBuiltin('fs')
  const beside = besideExecutable(process.execPath)
  /** The launcher gives what is embedded its names (launcher/maps.c). */
  const mapped = (): [inode: string, file: string][] => {
    try {
      const text = recorder.quietly(() => readFileSync('/proc/self/maps', 'utf8'))
      return [...text.matchAll(MAPPED_CODE)].map(([, inode = '', file = '']) => [inode, file])
    } catch {
      return [] // there is no /proc
    }
  }
  // Those of node are in every executable.
  const known = new Set(mapped().map(([, file]) => file))
  const own = recorder.quietly(() =>
    [process.execPath, beside.payload].map((file) => String(statSync(file, { throwIfNoEntry: false })?.ino)),
  )
  const { dlopen } = process
  process.dlopen = function (module: object, given: string, ...flags: number[]) {
    const file = path.resolve(given)
    const archivePath = toArchivePath(file)
    const onDisk = archivePath === undefined ? undefined : files.onDisk(archivePath)
    const at = recorder.place()
    const result = Reflect.apply(dlopen, this, [module, onDisk ?? given, ...flags]) as unknown
    recorder.note({ kind: 'library', file, ...(onDisk !== undefined && { isMissing: true }) }, at)
    if (onDisk !== undefined) known.add(onDisk)
    for (const [inode, library] of mapped()) {
      if (known.has(library)) continue
      known.add(library)
      // What comes from the executable, and is no file of the program, is in all of them.
      const isSystem = own.includes(inode) && toArchivePath(library) === undefined
      if (!isSystem) recorder.note({ kind: 'library', file: library }, at)
    }
    return result
  }
}
