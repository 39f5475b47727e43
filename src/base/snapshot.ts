// The state of a build's inputs at one moment, and whether it is still the same. This is all that a start of a
// program through `ingot run` does when nothing has changed, and it has a millisecond for it: one lstat for each
// input, no hash of contents, nothing imported but `fs`.
//
// A file is the same if size, mtime, ctime and inode are: a program can set mtime back, but not ctime.

import { lstatSync, readdirSync } from 'node:fs'

import type { Inputs, Listing } from './inputs.ts'

/** Size, mtime and ctime in milliseconds (which the kernel gives to the nanosecond), inode; null: nothing there. */
export type Stamp = readonly [number, number, number, number] | null

/** Plain data, to be kept as JSON. */
export interface Snapshot {
  readonly files: Readonly<Record<string, Stamp>>
  readonly listings: readonly (Listing & { readonly stamp: Stamp; readonly found: string })[]
  readonly variables: Readonly<Record<string, string | null>>
}

/** Where the kernel's own clock ticks only a hundred times a second, a change has the time of the last tick. */
const TICK_MS = 20

/**
 * Taken when a build has ended. Undefined if an input may have changed since the build began, which it may have
 * read before or after that.
 * @param settled files that the build itself has written
 */
export function takeSnapshot(
  inputs: Inputs,
  env: NodeJS.ProcessEnv,
  startedMs: number,
  settled: readonly string[] = [],
): Snapshot | undefined {
  if (inputs.incomplete !== undefined) return undefined
  const isRecent = (stamp: Stamp) => stamp !== null && stamp[2] >= startedMs - TICK_MS
  const files: Record<string, Stamp> = {}
  for (const file of inputs.files) {
    files[file] = stampOf(file)
    if (isRecent(files[file]) && !settled.includes(file)) return undefined
  }
  const listings = []
  for (const { directory, names } of inputs.listings) {
    const stamp = stampOf(directory)
    const found = stamp === null ? [] : namesIn(directory, names)
    // What has come in the meantime, the build did not see.
    const news = isRecent(stamp) ? found.map((name) => `${directory}/${name}`) : []
    if (news.some((file) => !settled.includes(file) && isRecent(stampOf(file)))) return undefined
    listings.push({ directory, names, stamp, found: found.join('/') })
  }
  const variables = Object.fromEntries(
    Object.keys(inputs.variables).map((name) => [name, inputs.variables[name] ?? null]),
  )
  const isStable = Object.keys(variables).every((name) => (env[name] ?? null) === variables[name])
  return isStable ? { files, listings, variables } : undefined
}

export function isUnchanged({ files, listings, variables }: Snapshot, env: NodeJS.ProcessEnv): boolean {
  for (const file in files) if (!isSame(stampOf(file), files[file]!)) return false
  for (const { directory, names, stamp, found } of listings) {
    const now = stampOf(directory)
    // A file that came and went, or one that no resolver would take, is no change.
    if (!isSame(now, stamp) && (now === null || namesIn(directory, names).join('/') !== found)) return false
  }
  for (const name in variables) if ((env[name] ?? null) !== variables[name]) return false
  return true
}

function stampOf(file: string): Stamp {
  try {
    const stat = lstatSync(file, { throwIfNoEntry: false })
    return stat === undefined ? null : [stat.size, stat.mtimeMs, stat.ctimeMs, stat.ino]
  } catch {
    return null // may not be looked at, by the build neither
  }
}

function isSame(one: Stamp, other: Stamp): boolean {
  if (one === null || other === null) return one === other
  return one[0] === other[0] && one[1] === other[1] && one[2] === other[2] && one[3] === other[3]
}

/** Scripts, data and addons; without an extension, programs. Links may be either, and lead to directories. */
export const MODULE_NAME = /\.(?:[cm]?[jt]sx?|json|node|wasm)$|^[^.]+$/

function namesIn(directory: string, names: Listing['names']): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true })
    const relevant = entries.filter((entry) => {
      if (names === 'all') return true
      return entry.isDirectory() ? names === 'tree' : MODULE_NAME.test(entry.name)
    })
    return relevant.map((entry) => entry.name).toSorted()
  } catch {
    return []
  }
}
