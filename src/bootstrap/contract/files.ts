// Paths of a contract on the machine: whether they are there, and may be used.

import { constants } from 'node:fs'
import path from 'node:path'

import type { Internals } from '../internals.ts'
import type { Problem } from './problems.ts'

/** Native functions, which know nothing of the embedded tree; node:fs has more to do than there is time for. */
export type NativeFiles = Pick<Internals['fs'], 'access' | 'internalModuleStat'>

/** @param text as the contract has it */
export function readProblem(fs: NativeFiles, file: string, text: string): Problem | undefined {
  const code = accessCode(fs, file, constants.R_OK)
  if (code === undefined) return undefined
  const name = named(file, text)
  return code === 'ENOENT' || code === 'ENOTDIR'
    ? { what: `${name} is not there, and the program reads it`, remedy: 'create it, or mount it' }
    : { what: `${name} cannot be read (${code})`, remedy: 'let this user read it: chmod or chown it' }
}

/** What is not there yet is made by the program: then it is the directory above that counts. */
export function writeProblem(fs: NativeFiles, file: string, text: string): Problem | undefined {
  const isDirectory = fs.internalModuleStat(file) === 1
  const code = accessCode(fs, file, constants.W_OK | (isDirectory ? constants.X_OK : 0))
  if (code === undefined) return undefined
  const name = named(file, text)
  if (code === 'ENOENT') {
    const parent = path.dirname(file)
    const above = parent === file ? undefined : writeProblem(fs, parent, parent)
    if (!above) return undefined
    const why = above.what.replace(/^.* cannot be made: /, '')
    return { what: `${name} is not there and cannot be made: ${why}`, remedy: above.remedy }
  }
  return code === 'EROFS'
    ? { what: `${name} is on a read-only file system`, remedy: 'mount something writable there' }
    : {
        what: `${name} cannot be written to (${code})`,
        remedy: 'let this user write there: chmod or chown it',
      }
}

function named(file: string, text: string): string {
  return file === text ? file : `${file} (${text})`
}

/** undefined: it is there. */
export function accessCode(
  { access }: Pick<NativeFiles, 'access'>,
  file: string,
  mode: number,
): string | undefined {
  try {
    access(file, mode)
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'EACCES'
  }
}
