// What executables are made of: Node, and the C libraries.

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'

import { BuildError } from '../base/diagnostics.ts'
import type { LinuxTarget } from '../base/targets.ts'
import type { RuntimeRequest, Target } from '../config/config.ts'
import { openEntry } from '../runtimes/cache.ts'
import { aptOffers } from '../runtimes/apt.ts'
import { debianKey } from '../runtimes/debian.ts'
import { packageId, PINNED, type PinnedPackage } from '../runtimes/debian-packages.ts'
import { findHostLibraries, hasPinnedLibraries } from '../runtimes/host-libraries.ts'
import { readLock } from '../runtimes/lock.ts'
import { cacheKeyOf, lockedRelease, runtimeOf } from '../runtimes/node-release.ts'
import { broken, ok, warning, type Check } from './check.ts'

export async function checkRuntime(
  request: RuntimeRequest,
  target: Target,
  projectDir: string,
  root: string,
): Promise<Check> {
  if (request.kind === 'path') return runRuntime(request.file, request.file)
  const release = lockedRelease(readLock(projectDir), request.version, target)
  const entry = release && (await openEntry(cacheKeyOf(release), root))
  if (release && entry) return runRuntime(runtimeOf(release, entry).file, runtimeOf(release, entry).origin)
  const known = release ? `${release.name}@${release.version}` : `node@${request.version}`
  return warning(
    'RUNTIME_NODE',
    `${known} is not in the cache: the next build downloads it`,
    'build once where the registry of npm can be reached',
  )
}

async function runRuntime(file: string, origin: string): Promise<Check> {
  try {
    const { stdout } = await promisify(execFile)(file, ['-p', 'process.versions.node'], { env: {} })
    return ok('RUNTIME_NODE', `${origin} runs as ${stdout.trim()}`)
  } catch (error) {
    const reason = (error as Error).message.split('\n').slice(0, 2).join(': ')
    return broken('RUNTIME_NODE', `${origin} does not run: ${reason}`, MISSING_LIBRARIES, file)
  }
}

/** The official Node is linked to them, and a build runs it once. */
const MISSING_LIBRARIES = 'install glibc, libstdc++ and libatomic (Debian: apt install libstdc++6 libatomic1)'

export async function checkLibraries(
  target: LinuxTarget,
  root: string,
  env: NodeJS.ProcessEnv,
  hostRoot = '/',
): Promise<Check[]> {
  const set = PINNED[target]
  const wanted = packageId(set.libc)
  const isCached = (await openEntry(debianKey(target), root)) !== undefined
  const apt = await checkApt(set.libc, env, isCached)
  if (isCached) return [ok('LIBRARIES', `${wanted} and its like are in the cache`), apt]
  if (await hasPinnedLibraries(set, hostRoot))
    return [ok('LIBRARIES', `this machine has ${wanted} and its like`), apt]
  if (apt.status === 'ok') return [ok('LIBRARIES', `apt has ${wanted} and its like`), apt]
  const { missing } = findHostLibraries(set, hostRoot)
  const help = 'build where apt reaches Debian 12 once, or copy its ~/.cache/ingot/debian-* to this machine'
  const problem =
    missing.length > 0
      ? `neither the cache nor apt has ${wanted}, and this machine has no ${missing.join(', ')}`
      : `only this machine's own libraries are there, and Ingot knows ${wanted}`
  return [broken('LIBRARIES', problem, help), apt]
}

async function checkApt(libc: PinnedPackage, env: NodeJS.ProcessEnv, isCached: boolean): Promise<Check> {
  if (await aptOffers(libc, env)) return ok('APT', `apt offers ${packageId(libc)}`)
  const reason = existsSync('/usr/bin/apt-get') ? 'apt has no lists, or others' : 'there is no apt'
  if (isCached) return ok('APT', `${reason}, and it is not needed`)
  return warning('APT', `${reason}: the libraries have to come from this machine`, 'run apt-get update')
}

/** An error of a stage as a finding. */
export function fromError(code: string, error: unknown): Check {
  if (!(error instanceof BuildError)) throw error
  const { message, at, help } = error
  return {
    code,
    status: 'broken',
    message: `${error.code}: ${message}`,
    ...(at && { at }),
    ...(help !== undefined && { help }),
  }
}
