// Paths of a contract on the machine: what they stand for in this start, and whether they are there.

import { constants } from 'node:fs'
import path from 'node:path'

import { variableIn } from '../../format/contract-address.ts'
import type { Internals } from '../internals.ts'
import type { Problem } from './problems.ts'

/**
 * What a path of a contract stands for in one start; undefined: its variable is not set, and need not be.
 * @param directory where relative ones begin
 */
export type PlaceInStart = (
  directory: () => string,
  textOf: (name: string) => string | undefined,
) => string | undefined

/** What the text says by itself is found out now: a start has little time. */
export function placeOf(text: string): PlaceInStart {
  const variable = variableIn(text)
  if (!variable) {
    const file = path.isAbsolute(text) ? path.resolve(text) : undefined
    return (directory) => file ?? path.resolve(directory(), text)
  }
  const { name, rest } = variable
  return (directory, textOf) => {
    const value = textOf(name)
    if (value === undefined) return undefined
    const file = plainPath(value) + rest
    return path.isAbsolute(file) ? path.resolve(file) : path.resolve(directory(), file)
  }
}

function plainPath(text: string): string {
  return text.startsWith('file://') ? decodeURIComponent(new URL(text).pathname) : text
}

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
