// "codeFromDisk": "deny": what runs is what was built. The loaders of node hand every file that is not
// in the executable to this first, before they read it. Data stays data: JSON is read.

import path from 'node:path'

import { toArchivePath } from './vfs/paths.ts'

/** @throws Error ERR_CODE_FROM_DISK */
export function denyCodeFromDisk(file: string): void {
  if (path.extname(file) === '.json') return
  const message = `${file} is not in this executable, which loads no code from the disk; to allow it, build with "codeFromDisk": "allow" in the configuration, or embed the file with "include"`
  throw Object.assign(new Error(message), { code: 'ERR_CODE_FROM_DISK', path: file })
}

/** Both loaders, and programs themselves, load addons with this. */
export function denyAddonsFromDisk(): void {
  const { dlopen } = process
  process.dlopen = function (module: object, file: string, ...flags: number[]) {
    if (toArchivePath(file) === undefined) denyCodeFromDisk(path.resolve(file))
    return Reflect.apply(dlopen, this, [module, file, ...flags])
  }
}
