// What a program with an enforced contract may do: the contract with the values of one start. Made before anything of
// the program runs, and asked by the guards.

import path from 'node:path'

import { VIRTUAL_ROOT } from '../../format/archive.ts'
import type { Contract } from '../../format/contract.ts'
import { addressOf, type Address } from '../../format/contract-address.ts'
import { placeOf } from '../../format/contract-path.ts'
import { StringPrototypeStartsWith } from './primordials.ts'
import type { Variables } from './variables.ts'

/** The real path of something, links followed; of what is not there, where it would be. */
export type RealPath = (file: string, followLast: boolean) => string

export interface Policy {
  /** This executable. */
  readonly execPath: string
  readonly reads: readonly string[]
  readonly writes: readonly string[]
  readonly listens: readonly Address[]
  readonly connects: readonly Address[]
  /** By the name in the contract: the file that it is, undefined if there is none. */
  readonly programs: readonly { readonly name: string; readonly file: string | undefined }[]
  readonly workers: boolean
  readonly native: boolean
}

const DEVICES = ['/dev/null', '/dev/zero', '/dev/random', '/dev/urandom']

export function makePolicy(
  contract: Contract,
  variables: Variables,
  {
    directory,
    execPath,
    realPath,
    searchPath,
  }: { directory: string; execPath: string; realPath: RealPath; searchPath: string },
): Policy {
  const filesOf = (texts: readonly string[]) =>
    texts.flatMap((text) => {
      const file = placeOf(text)(() => directory, variables.textOf)
      return file === undefined ? [] : [realPath(file, true)]
    })
  const addressesOf = (texts: readonly string[]) =>
    texts.flatMap((text) => addressOf(contract, text)(variables) ?? [])
  const writes = filesOf(contract.files.write)
  return {
    execPath,
    // What a program writes it may read again.
    reads: [...filesOf(contract.files.read), ...writes, ...DEVICES],
    writes: [...writes, '/dev/null'],
    listens: addressesOf(contract.listen),
    connects: addressesOf(contract.connect),
    // This very executable.
    programs: contract.run.map((name) => ({
      name,
      file: name === 'node' ? undefined : findProgram(name, searchPath, realPath),
    })),
    workers: contract.workers,
    native: contract.native,
  }
}

/** As execvp finds it. */
function findProgram(name: string, searchPath: string, realPath: RealPath): string | undefined {
  const { accessSync, constants } = process.getBuiltinModule('node:fs')
  const candidates = name.includes('/') ? [name] : searchPath.split(':').map((each) => path.join(each, name))
  for (const file of candidates) {
    try {
      accessSync(file, constants.X_OK)
      return realPath(file, true)
    } catch {
      continue
    }
  }
  return undefined
}

/** What the kernel cannot reach: the embedded tree, and what the bootstrap says to the launcher. */
export function isInside(file: string): boolean {
  return StringPrototypeStartsWith(file, INSIDE)
}

const INSIDE = `${path.dirname(VIRTUAL_ROOT)}/`

export function isBelow(file: string, directories: readonly string[]): boolean {
  for (let i = 0; i < directories.length; i++) {
    const directory = directories[i]!
    if (file === directory || directory === '/' || StringPrototypeStartsWith(file, `${directory}/`))
      return true
  }
  return false
}

/** That it is there is no secret: it is on the way. */
export function isAbove(file: string, directories: readonly string[]): boolean {
  for (let i = 0; i < directories.length; i++)
    if (file === '/' || StringPrototypeStartsWith(directories[i]!, `${file}/`)) return true
  return false
}
