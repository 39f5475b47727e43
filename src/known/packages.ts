// The packages of which something is inside, as a file or bundled: those below node_modules, and the workspaces beside
// the program.

import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'

import { packageInPath } from '../base/package-in-path.ts'
import type { ResolvedConfig } from '../config/config.ts'
import type { BuildInfo, PackageInfo } from '../format/build-info.ts'
import type { AppGraph } from '../graph/graph.ts'
import type { ArchiveFile } from '../payload/payload.ts'
import { noticesIn } from './license.ts'
import { lockedIntegrity } from './lockfile.ts'
import { readManifest, type Manifest } from './package-json.ts'

interface Inside {
  readonly graph: Pick<AppGraph, 'root' | 'generated' | 'provided'>
  readonly config: Pick<ResolvedConfig, 'projectDir'>
  readonly files: readonly ArchiveFile[]
  readonly bundled: BuildInfo['bundled']
}

export function packagesInside(inside: Inside): Pick<BuildInfo, 'program' | 'packages'> {
  const projectDir = realpathSync(inside.config.projectDir)
  const manifests = new Manifests(inside)
  const own = path.relative(manifests.root, projectDir)
  const sizes = sizesByPackage(inside, (file) => ownerOf(file, manifests, own))
  const places = [...sizes.keys()].toSorted()
  const dependencies = dependencyFinder(manifests, places)
  const integrityOf = places.length > 0 ? lockedIntegrity(projectDir) : () => undefined

  const packages = places.map((place): PackageInfo => {
    const { name, version = '', license, homepage, repository } = manifests.at(place)
    const directory = path.join(manifests.root, place)
    const known = { name: name ?? packageInPath(place)?.name ?? path.basename(place), version }
    return {
      ...known,
      path: place,
      license,
      integrity: integrityOf({ ...known, directory }),
      homepage,
      repository,
      size: sizes.get(place)!,
      dependencies: dependencies(place),
      notices: noticesIn(inside.graph.provided.get(place) ?? directory),
    }
  })
  const { name, version, license, repository } = manifests.at(own)
  return { program: { name, version, license, repository, dependencies: dependencies(own) }, packages }
}

/** package.json files by directory, relative to the root. */
class Manifests {
  readonly root: string
  readonly #embedded: ReadonlyMap<string, Uint8Array>
  readonly #known = new Map<string, Manifest>()

  constructor({ graph: { root }, files }: Inside) {
    this.root = root
    this.#embedded = new Map(files.map((file) => [file.path, file.data]))
  }

  at(place: string): Manifest {
    const known = this.#known.get(place)
    if (known) return known
    const manifest = readManifest(this.#textAt(place))
    this.#known.set(place, manifest)
    return manifest
  }

  #textAt(place: string): string {
    const file = path.join(place, 'package.json')
    const embedded = this.#embedded.get(file)
    if (embedded) return Buffer.from(embedded).toString()
    const onDisk = path.join(this.root, file)
    // Test suites have directories of that name.
    const isFile = statSync(onDisk, { throwIfNoEntry: false })?.isFile()
    return isFile ? readFileSync(onDisk, 'utf8') : ''
  }
}

/** The directory of the package that a path is in; undefined: it is the program's own. */
function ownerOf(file: string, manifests: Manifests, project: string): string | undefined {
  const found = packageInPath(file)
  // A single file directly in node_modules has a package's name and is none.
  if (found && found.directory !== file) return found.directory
  for (let place = path.dirname(file); ; place = path.dirname(place)) {
    const isProject = place === '.' || project === place || project.startsWith(`${place}/`)
    if (isProject) return undefined
    // One without a name only says how its modules are to be read.
    if (manifests.at(place).name !== undefined) return place
  }
}

function sizesByPackage(
  { graph: { generated }, files, bundled }: Inside,
  owner: (file: string) => string | undefined,
): Map<string, number> {
  const sizes = new Map<string, number>()
  // What the build has made itself may lie in a directory that is called as a package.
  const made = new Set(generated.map((file) => file.path))
  const kept = files.filter((file) => !made.has(file.path))
  for (const [file, size] of [
    ...kept.map((file) => [file.path, sizeInside(file)] as const),
    ...bundled.map((module) => [module.path, module.size] as const),
  ]) {
    const place = owner(file)
    if (place !== undefined) sizes.set(place, (sizes.get(place) ?? 0) + size)
  }
  return sizes
}

function sizeInside({ data, module }: ArchiveFile): number {
  return data.length + (module?.code?.length ?? 0) + (module?.codeCache?.length ?? 0)
}

/** Finds packages as node does: in the node_modules directories above who asks, through links. */
function dependencyFinder(manifests: Manifests, places: readonly string[]) {
  const all = new Set(places)
  // Most of what a package asks for is inside, or nowhere: then no disk has to be looked at.
  const names = new Set(places.flatMap((place) => [packageInPath(place)?.name, manifests.at(place).name]))
  const find = (place: string, name: string): string | undefined => {
    for (let above = place; ; above = path.dirname(above)) {
      const candidate = path.join(above, 'node_modules', name)
      if (all.has(candidate)) return candidate
      const onDisk = path.join(manifests.root, candidate)
      if (existsSync(onDisk)) {
        const real = path.relative(manifests.root, realpathSync(onDisk))
        return all.has(real) ? real : undefined
      }
      if (above === '.') return undefined
    }
  }
  return (place: string): string[] => {
    const asked = manifests.at(place).asksFor.filter((name) => names.has(name))
    return [...new Set(asked.flatMap((name) => find(place === '' ? '.' : place, name) ?? []))].toSorted()
  }
}
