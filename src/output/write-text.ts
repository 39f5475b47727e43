// Text for people and tools (pages, traces, deployment files): a file is only ever seen whole, the old one or the new one.

import {
  chmodSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  type Stats,
} from 'node:fs'
import path from 'node:path'

import { outputError, temporaryFor } from './executable.ts'

/**
 * Where a link leads is written, and a pipe or a device is written to.
 * @param what for errors: `report`
 * @throws BuildError OUTPUT_UNWRITABLE, OUTPUT_DISK_FULL
 */
export function writeText(file: string, text: string, what: string): void {
  let temporary: string | undefined
  try {
    const before = statSync(file, { throwIfNoEntry: false })
    if (isStream(file, before)) {
      writeFileSync(file, text)
      return
    }
    const real = before ? realpathSync(file) : file
    mkdirSync(path.dirname(real), { recursive: true })
    temporary = temporaryFor(real)
    writeFileSync(temporary, text, { flag: 'wx' })
    if (before) chmodSync(temporary, before.mode & 0o7777)
    renameSync(temporary, real)
  } catch (error) {
    if (temporary !== undefined) rmSync(temporary, { force: true })
    throw outputError(error, file, { what, option: '--out' })
  }
}

/** Such as /dev/stdout, which may be a file, but one that somebody has open. */
function isStream(file: string, before: Stats | undefined): boolean {
  return (before !== undefined && !before.isFile() && !before.isDirectory()) || /^\/(?:dev|proc)\//.test(file)
}
