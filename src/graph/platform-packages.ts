// Packages of native code for one platform each (esbuild, napi-rs, sharp): optionalDependencies of the package that
// needs one of them, under names that it makes at run time. npm installs those of the machine that it runs on. A build for
// another target asks for those of the target; they are taken from elsewhere (ProvidePackages), and lie in the executable
// where npm would have put them.

import path from 'node:path'

import { BuildError } from '../base/diagnostics.ts'
import { packageInPath } from '../base/package-in-path.ts'
import { HOST, platformOf, type Platform, type Target } from '../base/targets.ts'
import { isInPackage } from './source.ts'
import { runsOnTarget, type Package, type Packages } from './packages.ts'

export interface WantedPackage {
  readonly name: string
  /** Of versions, as package.json has it. */
  readonly range: string
}

/** What is known of a package of any platform. */
export interface OfferedPackage extends Pick<Package['json'], 'os' | 'cpu' | 'libc'> {
  /** Where its files are, if it runs on the target. */
  readonly directory?: string
}

/** Undefined: nobody has such a package. */
export type Offers = ReadonlyMap<string, OfferedPackage | undefined>
export type ProvidePackages = (wanted: readonly WantedPackage[]) => Promise<Offers>

export function offerKey({ name, range }: WantedPackage): string {
  return `${name}@${range}`
}

export class PlatformPackages {
  /** Not installed, and nobody was asked for them yet. */
  readonly wanted = new Map<string, WantedPackage>()
  readonly #target: Target
  readonly platform: Platform
  readonly #packages: Packages
  readonly #offers: Offers
  /** Directories of packages that have one for the target. */
  readonly served = new Set<string>()
  /** Directory of a provided package -> where it would be installed. */
  readonly #places = new Map<string, string>()

  constructor(target: Target, packages: Packages, offers: Offers = new Map()) {
    this.#target = target
    this.platform = platformOf(target)
    this.#packages = packages
    this.#offers = offers
  }

  get places(): ReadonlyMap<string, string> {
    return this.#places
  }

  /** Those for the target. @throws BuildError NATIVE_TARGET_MISSING */
  of(owner: Package, installed: (name: string) => Package | undefined): Package[] {
    const found: Package[] = []
    const systems = new Set<string>()
    for (const [name, range] of Object.entries(owner.json.optionalDependencies ?? {})) {
      const here = installed(name)
      const offer = here?.json ?? (this.#target === HOST ? undefined : this.#offered({ name, range }))
      if (!offer?.os && !offer?.cpu) continue
      for (const system of offer.os ?? []) systems.add(system)
      if (!runsOnTarget(offer, this.platform)) continue
      const taken = here ?? this.#provided(name, (offer as OfferedPackage).directory, owner)
      if (taken) found.push(taken)
    }
    // A package for one system alone (fsevents) is a help there, and missed nowhere else.
    const isForAll = systems.size > 1 && this.wanted.size === 0
    if (isForAll && found.length === 0 && this.#target !== HOST) throw missingNative([owner], this.#target)
    if (found.length > 0) this.served.add(owner.directory)
    return found
  }

  /** Whether a file is of a package for the target. */
  mayHave(file: string): boolean {
    if (this.#target === HOST || !isInPackage(file)) return true
    return runsOnTarget(this.#packages.ownerOf(file)?.json ?? {}, this.platform)
  }

  #offered(wanted: WantedPackage): OfferedPackage | undefined {
    const key = offerKey(wanted)
    if (!this.#offers.has(key)) this.wanted.set(key, wanted)
    return this.#offers.get(key)
  }

  #provided(name: string, directory: string | undefined, owner: Package): Package | undefined {
    if (directory === undefined) return undefined
    const above = this.placeOf(owner.directory)
    const own = packageInPath(above)
    const place = own
      ? above.slice(0, own.directory.length - own.name.length)
      : path.join(above, 'node_modules')
    this.#places.set(directory, path.join(place, name))
    return this.#packages.ownerOf(path.join(directory, 'package.json'))
  }

  /** Where a file would be if npm had installed everything for the target. */
  placeOf(file: string): string {
    for (const [directory, place] of this.#places) {
      if (file === directory) return place
      if (file.startsWith(`${directory}/`)) return place + file.slice(directory.length)
    }
    return file
  }
}

/** What no build here can have. */
export function missingNative(packages: readonly Package[], target: Target): BuildError {
  const names = packages.map(({ directory, json }) => json.name ?? path.basename(directory))
  const [first] = packages
  return new BuildError('NATIVE_TARGET_MISSING', `${names.join(', ')}: no native code for ${target}`, {
    at: { file: path.join(first!.directory, 'package.json') },
    help:
      `build on ${target}, where it can be installed, or use a version that is published for ${target}; ` +
      `"external": ${JSON.stringify(names)} leaves it out of a program that can do without. ` +
      'What the registry did not have once is in "unpublished" of ingot.lock, and asked for again when it is deleted there',
  })
}
