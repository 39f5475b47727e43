// Where the target's Node comes from: an npm package with the official build, or a file of the user's.
// This file is the way of a warm build, lock and cache only. What needs the network is in
// node-package.ts, and loaded only when it is needed.

import type { RuntimeRequest, Target } from '../config/config.ts'
import { cacheRoot } from './cache-root.ts'
import { openEntry } from './cache.ts'
import { readLock } from './lock.ts'
import { cacheKeyOf, lockedRelease, runtimeOf } from './node-release.ts'
import type { ResolveOptions } from './options.ts'
import type { Runtime } from './runtime.ts'
import { requireSupported } from './version.ts'

export async function resolveRuntime(
  request: RuntimeRequest,
  target: Target,
  { projectDir, env = process.env }: ResolveOptions,
): Promise<Runtime> {
  const root = cacheRoot(env)
  if (request.kind === 'path') {
    const { runtimeFromFile } = await import('./node-file.ts')
    return runtimeFromFile(request.file, target, root)
  }
  const wanted = request.version
  requireSupported(wanted)
  const locked = lockedRelease(readLock(projectDir), wanted, target)
  const entry = locked && (await openEntry(cacheKeyOf(locked), root))
  if (locked !== undefined && entry !== undefined) return runtimeOf(locked, entry)
  const { acquireNode } = await import('./node-package.ts')
  return acquireNode({ wanted, target, projectDir, env, root })
}
