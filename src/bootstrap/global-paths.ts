// The last places where require looks: node finds them beside its executable and in the home directory, where
// anybody could put what a program does without. Inside, the only place is one in the tree.

import type { Internals } from './internals.ts'
import { HAS_LAUNCHER, IS_WINDOWS } from './platform.ts'
import { toVirtualPath } from './vfs/paths.ts'

/**
 * In the main thread before the first word to the launcher, which until then shows no home directory
 * (launcher/environment.c). A worker's variables are its own.
 */
export function sealGlobalPaths({ cjsLoader: { Module } }: Internals, isWorker: boolean): void {
  const { execPath, env } = process
  const places = IS_WINDOWS ? ['USERPROFILE', 'NODE_PATH'] : ['HOME', 'NODE_PATH']
  const hidden = isWorker || !HAS_LAUNCHER ? places.map((name) => [name, env[name]] as const) : []
  process.execPath = toVirtualPath('bin/node')
  for (const [name] of hidden) delete env[name]
  Module._initPaths()
  for (const [name, value] of hidden) if (value !== undefined) env[name] = value
  process.execPath = execPath
}
