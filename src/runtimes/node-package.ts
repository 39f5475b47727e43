// A Node that is not at hand yet: choose a version, download it, prove that it is the right one,
// keep what an executable needs of it, and write down what was chosen.

import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { BuildError } from '../base/diagnostics.ts'
import { HOST, type Target } from '../base/targets.ts'
import { cached, keysOf } from './cache.ts'
import { integrityOfFile } from './hash.ts'
import { LOCK_FILE, lockFileOf, readLock, updateLock } from './lock.ts'
import {
  cacheKeyOf,
  LICENSE_FILE,
  lockedRelease,
  nodeFileOf,
  packageNameFor,
  releaseId,
  releaseOfKey,
  requestName,
  runtimeOf,
  type NodeRelease,
} from './node-release.ts'
import { flag, readNpmSettings } from './npmrc.ts'
import type { Registry, Release } from './registry-contract.ts'
import { withRegistry } from './registry.ts'
import type { Runtime } from './runtime.ts'
import { unpackTarball } from './tarball.ts'
import { newestMatching, requireSupported } from './version.ts'

interface NodeOrder {
  /** `26`, `26.10` or `26.10.0`. */
  readonly wanted: string
  readonly target: Target
  readonly projectDir: string
  readonly env: NodeJS.ProcessEnv
  readonly root: string
}

/** The registry as this order sees it: asked at most once, and not at all if npm is set to offline. */
interface Source {
  readonly registry: Registry
  releases(): Promise<readonly Release[]>
}

export async function acquireNode(order: NodeOrder): Promise<Runtime> {
  const { wanted, target, projectDir, env, root } = order
  const settings = readNpmSettings(projectDir, env)
  const offline = flag(settings, 'offline')
  return withRegistry({ settings, projectDir, env }, async (registry) => {
    const source = sourceOf(order, registry, offline)
    const locked = lockedRelease(readLock(projectDir), wanted, target)
    const mayBeOld = offline || flag(settings, 'prefer-offline')
    const release = locked ?? (await chooseRelease(order, source, mayBeOld))
    requireSupported(release.version, locked === undefined ? target : undefined)
    const pinnedBy = locked === undefined ? 'the registry' : LOCK_FILE
    const fill = (dir: string) => install({ release, pinnedBy, projectDir }, source, dir)
    const entry = await cached(cacheKeyOf(release), fill, root)
    recordRelease(order, release)
    return runtimeOf(release, entry)
  })
}

function sourceOf(order: NodeOrder, registry: Registry, offline: boolean): Source {
  let asked: Promise<readonly Release[]> | undefined
  const orOffline = (error: unknown) => {
    if (!(error instanceof BuildError) || error.code !== 'REGISTRY_UNREACHABLE') throw error
    throw offlineError(order, error.message, error)
  }
  return {
    registry: {
      ...registry,
      download: (name, release, file) => registry.download(name, release, file).catch(orOffline),
    },
    async releases() {
      if (offline) throw offlineError(order, 'npm is set to offline')
      asked ??= releasesForBoth(registry, order.target).catch(orOffline)
      return asked
    },
  }
}

/** A build needs a node of the same version that runs on this machine; not every version is published for each. */
async function releasesForBoth(registry: Registry, target: Target): Promise<readonly Release[]> {
  if (target === HOST || HOST === undefined) return registry.releases(packageNameFor(target))
  const [releases, runnable] = await Promise.all(
    [target, HOST].map((platform) => registry.releases(packageNameFor(platform))),
  )
  const versions = new Set(runnable!.map(({ version }) => version))
  return releases!.filter(({ version }) => versions.has(version))
}

/** The newest release that the registry has; what the cache has if that is exact, or must do. */
async function chooseRelease(order: NodeOrder, source: Source, mayBeOld: boolean): Promise<NodeRelease> {
  const { wanted, target, projectDir, root } = order
  const name = packageNameFor(target)
  // A lock edited by hand may pin a version without its hash.
  const version = readLock(projectDir).requests[requestName(wanted, target)] ?? wanted
  const held = newestHeld(name, version, root)
  if (held !== undefined && (mayBeOld || held.version === version)) return held
  try {
    return publishedRelease(name, version, await source.releases())
  } catch (error) {
    if (held !== undefined && error instanceof BuildError && error.code === 'RUNTIME_OFFLINE') return held
    throw error
  }
}

function newestHeld(name: string, wanted: string, root: string): NodeRelease | undefined {
  const held = keysOf(`${name}@`, root).flatMap((key) => releaseOfKey(key) ?? [])
  const newest = newestMatching(
    wanted,
    held.map(({ version }) => version),
  )
  return held.find(({ version }) => version === newest)
}

function publishedRelease(name: string, wanted: string, releases: readonly Release[]): NodeRelease {
  const version = newestMatching(
    wanted,
    releases.map((release) => release.version),
  )
  const integrity = releases.find((release) => release.version === version)?.integrity
  if (version === undefined) throw notFoundError(name, wanted, releases)
  if (integrity !== undefined) return { name, version, integrity }
  throw new BuildError('RUNTIME_INTEGRITY', `the registry states no sha512 for ${name}@${version}`, {
    help: 'use a registry that keeps the "integrity" of packages',
  })
}

interface Installation {
  readonly release: NodeRelease
  /** Who says what the integrity must be, for the message. */
  readonly pinnedBy: string
  readonly projectDir: string
}

async function install(installation: Installation, source: Source, dir: string): Promise<void> {
  const { name, version } = installation.release
  const releases = await source.releases()
  const published = releases.find((release) => release.version === version)
  if (published === undefined) throw notFoundError(name, version, releases)
  // Before 55 MB are downloaded for nothing.
  requireIntegrity(installation, published.integrity, 'the registry')
  const tarball = join(dir, 'package.tgz')
  await source.registry.download(name, published, tarball)
  requireIntegrity(installation, await integrityOfFile(tarball), 'the download')
  const file = nodeFileOf(installation.release)
  await unpackTarball(tarball, dir, (path) => path === file || path === LICENSE_FILE)
  rmSync(tarball)
  if (existsSync(join(dir, file))) return
  throw new BuildError('RUNTIME_NOT_NODE', `${name}@${version} from the registry has no ${file}`, {
    help: 'check which registry "registry" in .npmrc names',
  })
}

function requireIntegrity(
  { release, pinnedBy, projectDir }: Installation,
  actual: string | undefined,
  actualIn: string,
): void {
  if (actual === release.integrity) return
  const id = releaseId(release)
  const expected = `${pinnedBy} says ${release.integrity}`
  const problem = `${id}: ${expected}, ${actualIn} has ${actual ?? 'none'}`
  if (pinnedBy !== LOCK_FILE) {
    const help = 'the download was damaged or altered: build again; if it stays, check the proxy or mirror'
    throw new BuildError('RUNTIME_INTEGRITY', problem, { help })
  }
  throw new BuildError('RUNTIME_INTEGRITY', problem, {
    at: { file: lockFileOf(projectDir) },
    help: `if you trust the change, delete "${id}" from ${LOCK_FILE} and build again`,
  })
}

function recordRelease({ wanted, target, projectDir }: NodeOrder, release: NodeRelease): void {
  updateLock(projectDir, (lock) => ({
    ...lock,
    runtimes: { ...lock.runtimes, [releaseId(release)]: { integrity: release.integrity } },
    requests: { ...lock.requests, [requestName(wanted, target)]: release.version },
  }))
}

function offlineError({ wanted, target, root }: NodeOrder, reason: string, cause?: unknown): BuildError {
  return new BuildError(
    'RUNTIME_OFFLINE',
    `node@${wanted} for ${target} is not in the cache, and ${reason}`,
    {
      at: { file: root },
      help: 'build once with a network, or set "runtime" to the path of a node executable for the target',
      cause,
    },
  )
}

function notFoundError(name: string, wanted: string, releases: readonly Release[]): BuildError {
  const newest = newestMatching(
    wanted.split('.')[0] ?? wanted,
    releases.map(({ version }) => version),
  )
  const help = newest === undefined ? 'use node@26' : `use node@${newest}, the newest of that major version`
  return new BuildError('RUNTIME_NOT_FOUND', `the registry has no ${name}@${wanted}`, { help })
}
