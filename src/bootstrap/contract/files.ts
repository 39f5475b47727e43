// Paths of a contract on the machine: what they stand for in this start, and whether they are there.

import { constants } from 'node:fs'
import path from 'node:path'

import { variableIn } from '../../format/contract-address.ts'
import type { Internals } from '../internals.ts'
import type { Problem } from './problems.ts'

/** undefined: its variable is not set, and need not be. */
export function pathOf(
  text: string,
  directory: string,
  textOf: (name: string) => string | undefined,
): string | undefined {
  const variable = variableIn(text)
  if (!variable) return path.resolve(directory, text)
  const value = textOf(variable.name)
  return value === undefined ? undefined : path.resolve(directory, plainPath(value) + variable.rest)
}

function plainPath(text: string): string {
  return text.startsWith('file://') ? decodeURIComponent(new URL(text).pathname) : text
}

type Fs = Internals['fs']

/** @param text as the contract has it */
export function readProblem(fs: Fs, file: string, text: string): Problem | undefined {
  const code = accessCode(fs, file, constants.R_OK)
  if (code === undefined) return undefined
  const name = named(file, text)
  return code === 'ENOENT' || code === 'ENOTDIR'
    ? { what: `${name} is not there, and the program reads it`, remedy: 'create it, or mount it' }
    : { what: `${name} cannot be read (${code})`, remedy: 'let this user read it: chmod or chown it' }
}

/** What is not there yet is made by the program: then it is the directory above that counts. */
export function writeProblem(fs: Fs, file: string, text: string): Problem | undefined {
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

/** The native function: node:fs has more to do than there is time for. */
function accessCode({ access }: Fs, file: string, mode: number): string | undefined {
  try {
    access(file, mode)
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'EACCES'
  }
}
