// Where the fuse codeFromDisk is closed, what runs is what was built. The loaders of node hand every file that is not
// in the executable to this first, before they read it. Data stays data: JSON is read.

import path from 'node:path'

import { FUSES } from '../format/fuses.ts'
import { tellerOf } from './control.ts'
import type { Internals } from './internals.ts'
import { HAS_LAUNCHER } from './platform.ts'
import { toArchivePath } from './vfs/paths.ts'
import { patch } from './vfs/requests.ts'
import { comingFrom } from './vfs/stack.ts'

/**
 * Both loaders, and programs themselves, load addons with process.dlopen: that is replaced, and what else loads libraries.
 * @param fuses of the manifest, where there is no launcher to ask
 * @returns for all other code; it throws ERR_CODE_FROM_DISK
 */
export function guardCodeFromDisk({ fs, whenLoaded }: Internals, fuses = 0): (file: string) => void {
  const tell = tellerOf(fs)
  const isAllowed = HAS_LAUNCHER
    ? () => tell(`fuse/${FUSES.codeFromDisk}`)
    : () => (fuses & FUSES.codeFromDisk) !== 0
  // Asked for each: a frozen process goes on in a file whose fuses may be others.
  const guard = (file: string) => {
    if (path.extname(file) === '.json' || isAllowed()) return
    const message = `${file} is not in this executable, which loads no code from the disk; to allow it, open the fuse codeFromDisk, or embed the file with "include"`
    throw comingFrom(guard, Object.assign(new Error(message), { code: 'ERR_CODE_FROM_DISK', path: file }))
  }
  /** Native code makes a text of it, too: once, so that it is the one that was looked at. */
  const guarded = (filename: unknown): string => {
    const file = String(filename)
    if (toArchivePath(file) === undefined) guard(path.resolve(file))
    return file
  }
  patch(process, 'dlopen', (native, [module, filename, ...flags]) =>
    native([module, guarded(filename), ...flags]),
  )
  whenLoaded('sqlite', ({ DatabaseSync }) => {
    patch(DatabaseSync.prototype, 'loadExtension', (native, [filename, ...rest]) =>
      native([guarded(filename), ...rest]),
    )
  })
  whenLoaded('ffi', (ffi) => {
    // Without a name it is the process itself.
    const library = (filename: unknown) => (filename === null ? null : guarded(filename))
    patch(ffi, 'dlopen', (native, [filename, ...rest]) => native([library(filename), ...rest]))
    const { DynamicLibrary } = ffi
    ffi.DynamicLibrary = new Proxy(DynamicLibrary, {
      construct: (native, [filename, ...rest], target) =>
        Reflect.construct(
          native,
          [library(filename), ...rest],
          target === ffi.DynamicLibrary ? native : target,
        ),
    })
    DynamicLibrary.prototype.constructor = ffi.DynamicLibrary
  })
  return guard
}
