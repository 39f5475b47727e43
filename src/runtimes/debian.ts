// Where the target's glibc and C++ runtime come from: pinned packages of Debian 12, from the machine
// itself if it has these very bytes, else through apt; and if neither has them, the machine's own.

import { join } from 'node:path'
import { BuildError } from '../base/diagnostics.ts'
import type { LinuxTarget } from '../base/targets.ts'
import { cacheRoot } from './cache-root.ts'
import { cached, fileOf, openEntry, type CacheEntry } from './cache.ts'
import {
  architectureOfId,
  LICENSE_PREFIX,
  packageId,
  PINNED,
  type PinnedPackage,
  type PinnedSet,
} from './debian-packages.ts'
import { sha256 } from './hash.ts'
import { LOCK_FILE, lockFileOf, updateLock, type Lock } from './lock.ts'
import type { ResolveOptions } from './options.ts'
import type { SystemLibraries } from './runtime.ts'

/** Neither the host nor apt has the pinned packages. */
class Unavailable extends Error {}

export async function resolveLibraries(
  target: LinuxTarget,
  { projectDir, env = process.env }: ResolveOptions,
  hostRoot = '/',
): Promise<SystemLibraries> {
  const root = cacheRoot(env)
  const set = PINNED[target]
  const key = debianKey(target)
  const known = await openEntry(key, root)
  if (known !== undefined) return pinnedLibraries(set, known, projectDir)
  const { fillFromHost, findHostLibraries, useHostLibraries } = await import('./host-libraries.ts')
  const host = findHostLibraries(set, hostRoot)
  // The pinned ones were tried for today, in vain.
  if ((await openEntry(host.key, root)) !== undefined) return useHostLibraries(set, host, root)
  const fill = async (dir: string) => {
    if (await fillFromHost(set, dir, hostRoot)) return
    const { fillFromApt } = await import('./apt.ts')
    if (!(await fillFromApt(set, dir, env))) throw new Unavailable()
  }
  try {
    return pinnedLibraries(set, await cached(key, fill, root), projectDir)
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    return useHostLibraries(set, host, root)
  }
}

/** Another table of pins is another entry of the cache. */
export function debianKey(target: LinuxTarget): string {
  return `debian-${target}-${sha256(JSON.stringify(PINNED[target].packages)).slice(0, 16)}`
}

function pinnedLibraries(set: PinnedSet, entry: CacheEntry, projectDir: string): SystemLibraries {
  updateLock(projectDir, (lock) => withPins(set, lock, projectDir))
  const names = set.files.map(({ name }) => name)
  const isLicense = (name: string) => name.startsWith(LICENSE_PREFIX)
  const libraries = names.filter((name) => name !== set.loader && !isLicense(name))
  return {
    origin: `debian:${packageId(set.libc)}`,
    reproducible: true,
    loader: fileOf(entry, set.loader),
    libraries: new Map(libraries.map((name) => [name, fileOf(entry, name)])),
    packages: set.packages.filter(hasLibraries).map(({ name, version }) => ({ name, version })),
    licenses: names.filter(isLicense).map((name) => join(entry.dir, name)),
  }
}

/** One of them has licence texts only. */
function hasLibraries({ files }: PinnedPackage): boolean {
  return files.some(({ name }) => !name.startsWith(LICENSE_PREFIX))
}

/** The pins belong to this Ingot, so another version of a package replaces the old one in the lock. */
function withPins({ packages, architecture }: PinnedSet, lock: Lock, projectDir: string): Lock {
  const ofOthers = Object.entries(lock.debian).filter(([id]) => architectureOfId(id) !== architecture)
  const debian: Record<string, { sha256: string }> = Object.fromEntries(ofOthers)
  for (const pinned of packages) {
    const id = packageId(pinned)
    const locked = lock.debian[id]?.sha256 ?? pinned.sha256
    if (locked !== pinned.sha256) throw lockedOtherwise(id, locked, pinned.sha256, projectDir)
    debian[id] = { sha256: pinned.sha256 }
  }
  return { ...lock, debian }
}

function lockedOtherwise(id: string, locked: string, expected: string, projectDir: string): BuildError {
  const problem = `${id}: ${LOCK_FILE} says sha256 ${locked}, this Ingot expects ${expected}`
  return new BuildError('RUNTIME_INTEGRITY', problem, {
    at: { file: lockFileOf(projectDir) },
    help: `if you trust this Ingot, delete "${id}" from ${LOCK_FILE} and build again`,
  })
}
