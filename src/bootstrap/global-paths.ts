// The last places where require looks: node finds them beside its executable and in the home directory, where
// anybody could put what a program does without. Inside, the only place is one in the tree.

import type { Internals } from './internals.ts'
import { toVirtualPath } from './vfs/paths.ts'

/** Before the first word to the launcher, which until then shows no home directory (launcher/environment.c). */
export function sealGlobalPaths({ cjsLoader: { Module } }: Internals): void {
  const { execPath } = process
  process.execPath = toVirtualPath('bin/node')
  Module._initPaths()
  process.execPath = execPath
}
