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
  const setAll = (values: Record<string, string | undefined>) => {
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) delete env[name]
      else env[name] = value
    }
  }
  process.execPath = toVirtualPath('bin/node')
  if (isWorker) setAll({ HOME: undefined, NODE_PATH: undefined })
  Module._initPaths()
  if (isWorker) setAll({ HOME, NODE_PATH })
  process.execPath = execPath
}
