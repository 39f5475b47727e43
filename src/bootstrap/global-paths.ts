// The last places where require looks: node finds them beside its executable and in the home directory, where
// anybody could put what a program does without. Inside, the only place is one in the tree.

import type { Internals } from './internals.ts'
import { toVirtualPath } from './vfs/paths.ts'

/**
 * In the main thread before the first word to the launcher, which until then shows no home directory
 * (launcher/environment.c). A worker's variables are its own.
 */
export function sealGlobalPaths({ cjsLoader: { Module } }: Internals, isWorker: boolean): void {
  const { execPath, env } = process
  const { HOME, NODE_PATH } = env
  process.execPath = toVirtualPath('bin/node')
  if (isWorker) delete env.HOME
  if (isWorker) delete env.NODE_PATH
  Module._initPaths()
  if (isWorker && HOME !== undefined) env.HOME = HOME
  if (isWorker && NODE_PATH !== undefined) env.NODE_PATH = NODE_PATH
  process.execPath = execPath
}
