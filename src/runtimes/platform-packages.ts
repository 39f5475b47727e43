// Packages of the registry for a target that npm has not installed for this machine: which version is meant, what it runs
// on, and its files. What the registry said is kept in ingot.lock, the files in the cache.

import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { BuildError } from '../base/diagnostics.ts'
import { cached, openEntry } from './cache.ts'
import { integrityOfFile } from './hash.ts'
import { LOCK_FILE, lockFileOf, readLock, updateLock, type Lock, type LockedPackage } from './lock.ts'
import { flag, readNpmSettings } from './npmrc.ts'
import { platformFields } from './platform-fields.ts'
import type { Registry, Release } from './registry-contract.ts'
import { withRegistry } from './registry.ts'
import { unpackTarball } from './tarball.ts'
import { newestInRange } from './version.ts'

interface PackageRequest {
  readonly name: string
  /** Of versions, as package.json has it. */
  readonly range: string
}

export interface FoundPackage extends Omit<LockedPackage, 'integrity'> {
  /** Absolute, with its files; undefined if they were not wanted. */
  readonly directory?: string
}

export interface PackageSearch {
  readonly projectDir: string
  readonly env: NodeJS.ProcessEnv
  /** Of the cache. */
  readonly root: string
  /** What the project's own lockfile says of a version. */
  readonly integrityOf: (name: string, version: string) => string | undefined
  /** Whether the files are wanted. */
  readonly isWanted: (fields: Omit<LockedPackage, 'integrity'>) => boolean
}

/**
 * In the order of the requests; undefined: the registry has no such package.
 * @throws BuildError PACKAGE_OFFLINE, PACKAGE_INTEGRITY, and as the registry
 */
export async function findPackages(
  requests: readonly PackageRequest[],
  search: PackageSearch,
): Promise<(FoundPackage | undefined)[]> {
  const { projectDir, env } = search
  const settings = readNpmSettings(projectDir, env)
  const isOffline = flag(settings, 'offline')
  return withRegistry({ settings, projectDir, env }, (registry) => {
    const source = new Source(registry, isOffline, search)
    return Promise.all(requests.map((request) => source.find(request)))
  })
}

interface Chosen {
  readonly name: string
  readonly version: string
  readonly locked: LockedPackage
}

class Source {
  readonly #registry: Registry
  readonly #isOffline: boolean
  readonly #search: PackageSearch

  constructor(registry: Registry, isOffline: boolean, search: PackageSearch) {
    this.#registry = registry
    this.#isOffline = isOffline
    this.#search = search
  }

  async find(request: PackageRequest): Promise<FoundPackage | undefined> {
    const id = `${request.name}@${request.range}`
    const lock = readLock(this.#search.projectDir)
    if (lock.unpublished.includes(id)) return undefined
    const chosen = lockedIn(lock, request) ?? (await this.#choose(request))
    if (!chosen) return undefined
    const { integrity: _, ...fields } = chosen.locked
    if (!this.#search.isWanted(fields)) return fields
    return { ...fields, directory: await this.#directoryOf(chosen) }
  }

  async #choose({ name, range }: PackageRequest): Promise<Chosen | undefined> {
    const releases = await this.#releases(name)
    const version = newestInRange(
      range,
      releases.map((release) => release.version),
    )
    const release = releases.find((one) => one.version === version)
    const { projectDir } = this.#search
    if (!release || version === undefined) {
      const unpublished = `${name}@${range}`
      updateLock(projectDir, (lock) => ({ ...lock, unpublished: [...lock.unpublished, unpublished] }))
      return undefined
    }
    const integrity = this.#agreed(name, release)
    const locked = { integrity, ...platformFields(release) }
    updateLock(projectDir, (lock) => ({
      ...lock,
      packages: { ...lock.packages, [`${name}@${version}`]: locked },
    }))
    return { name, version, locked }
  }

  /** By the registry, and by the project's lockfile if that knows it. */
  #agreed(name: string, { version, integrity }: Release): string {
    const known = this.#search.integrityOf(name, version)
    if (integrity !== undefined && (known === undefined || known === integrity)) return integrity
    throw new BuildError(
      'PACKAGE_INTEGRITY',
      known === undefined
        ? `the registry states no sha512 for ${name}@${version}`
        : `${name}@${version}: the lockfile says ${known}, the registry has ${integrity ?? 'none'}`,
      {
        help: 'check which registry "registry" in .npmrc names, and that it keeps the "integrity" of packages',
      },
    )
  }

  /** None if the registry does not know it. */
  async #releases(name: string): Promise<readonly Release[]> {
    if (this.#isOffline) throw offline(name, 'npm is set to offline')
    try {
      return await this.#registry.releases(name)
    } catch (error) {
      if (!(error instanceof BuildError)) throw error
      if (error.code === 'REGISTRY_UNREACHABLE') throw offline(name, error.message, error)
      if (error.code === 'REGISTRY_HTTP' && / 404$|E404/.test(error.message)) return []
      throw error
    }
  }

  async #directoryOf({ name, version, locked }: Chosen): Promise<string> {
    const hash = Buffer.from(locked.integrity.slice('sha512-'.length), 'base64').toString('base64url')
    const key = `package-${name.replace('/', '+')}@${version}+${hash}`
    // Below this name it is a package to everybody who looks at its path.
    const place = join('node_modules', name)
    const { root } = this.#search
    const known = await openEntry(key, root)
    const fill = (directory: string) => this.#install({ name, version, locked }, directory, place)
    return join((known ?? (await cached(key, fill, root))).dir, place)
  }

  async #install({ name, version, locked }: Chosen, directory: string, place: string): Promise<void> {
    const release = (await this.#releases(name)).find((one) => one.version === version)
    if (!release) throw offline(`${name}@${version}`, 'the registry does not have it any more')
    const tarball = join(directory, 'package.tgz')
    await this.#registry.download(name, release, tarball)
    const integrity = await integrityOfFile(tarball)
    if (integrity !== locked.integrity)
      throw this.#otherBytes(`${name}@${version}`, locked.integrity, integrity)
    await unpackTarball(tarball, join(directory, place))
    rmSync(tarball)
    if (existsSync(join(directory, place, 'package.json'))) return
    throw new BuildError('PACKAGE_INTEGRITY', `${name}@${version} from the registry has no package.json`, {
      help: 'check which registry "registry" in .npmrc names',
    })
  }

  #otherBytes(id: string, expected: string, actual: string): BuildError {
    return new BuildError(
      'PACKAGE_INTEGRITY',
      `${id}: ${LOCK_FILE} says ${expected}, the download has ${actual}`,
      {
        at: { file: lockFileOf(this.#search.projectDir) },
        help: `if you trust the change, delete "${id}" from ${LOCK_FILE} and build again`,
      },
    )
  }
}

function lockedIn({ packages }: Lock, { name, range }: PackageRequest): Chosen | undefined {
  const versions = Object.keys(packages).flatMap((id) =>
    id.startsWith(`${name}@`) ? [id.slice(name.length + 1)] : [],
  )
  const version = newestInRange(range, versions)
  return version === undefined ? undefined : { name, version, locked: packages[`${name}@${version}`]! }
}

function offline(name: string, reason: string, cause?: unknown): BuildError {
  return new BuildError('PACKAGE_OFFLINE', `${name} is not in the cache, and ${reason}`, {
    help: 'build once with a network; the target needs this package',
    cause,
  })
}
