// Facts about the packages on disk, read once: which package a file belongs to, what it declares,
// what of it must be embedded as a whole.

import { existsSync, readFileSync, readdirSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'

import { nativeHeader, runsOn } from '../base/native-code.ts'
import { packageInPath } from '../base/package-in-path.ts'
import type { Platform } from '../base/targets.ts'

export interface PackageJson {
  readonly name?: string
  readonly type?: string
  readonly main?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
  readonly libc?: readonly string[] | string
}

export interface Package {
  readonly directory: string
  readonly json: PackageJson
}

export class Packages {
  readonly #byDirectory = new Map<string, Package | undefined>()

  /** The nearest package.json above a file, as node's own scope look-up finds it. */
  scopeOf(file: string): Package | undefined {
    return this.#above(path.dirname(file))
  }

  #above(directory: string): Package | undefined {
    if (this.#byDirectory.has(directory)) return this.#byDirectory.get(directory)
    const parent = path.dirname(directory)
    const found = path.basename(directory) === 'node_modules' ? undefined : readPackage(directory)
    const stop = parent === directory || path.basename(directory) === 'node_modules'
    const result = found ?? (stop ? undefined : this.#above(parent))
    this.#byDirectory.set(directory, result)
    return result
  }

  /** What node_modules have under this name, as seen from a package. */
  installedFor(owner: Package, name: string): Package | undefined {
    for (let directory = owner.directory; ; directory = path.dirname(directory)) {
      const candidate = path.join(directory, 'node_modules', name, 'package.json')
      if (existsSync(candidate)) return this.ownerOf(realpathSync(candidate))
      if (path.dirname(directory) === directory) return undefined
    }
  }

  /** Whether whoever wrote the file says that it does without this package. */
  isOptional(file: string, name: string | undefined): boolean {
    const { optionalDependencies = {}, peerDependenciesMeta = {} } = this.scopeOf(file)?.json ?? {}
    return (
      name !== undefined &&
      (Object.hasOwn(optionalDependencies, name) || peerDependenciesMeta[name]?.optional === true)
    )
  }

  /** The package as npm sees it: below node_modules the one with a name there, whatever scopes it has inside. */
  ownerOf(file: string): Package | undefined {
    const directory = packageInPath(file)?.directory
    // A single file directly in node_modules has a package's name and is none.
    if (directory === undefined || directory === file) return this.scopeOf(file)
    const known = this.#byDirectory.get(directory)
    if (known?.directory === directory) return known
    const found = readPackage(directory)
    if (found) this.#byDirectory.set(directory, found)
    return found ?? { directory, json: {} }
  }
}

function readPackage(directory: string): Package | undefined {
  const file = path.join(directory, 'package.json')
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return undefined
  try {
    return { directory, json: JSON.parse(readFileSync(file, 'utf8')) as PackageJson }
  } catch {
    return { directory, json: {} } // node complains about it when it is used
  }
}

/** Platform packages (esbuild, napi-rs, sharp) name where they run; others run everywhere. */
export function runsOnTarget(
  json: Pick<PackageJson, 'os' | 'cpu' | 'libc'>,
  { os, cpu, libc }: Platform,
): boolean {
  const libcs = json.libc === undefined ? [] : [json.libc].flat()
  return allows(json.os, os) && allows(json.cpu, cpu) && (libc === undefined || allows(libcs, libc))
}

function allows(list: readonly string[] | undefined, value: string): boolean {
  if (!list || list.length === 0) return true
  return list.includes(value) || (list.every((item) => item.startsWith('!')) && !list.includes(`!${value}`))
}

/** Directories in which nothing is a package's own to read, wherever they are. */
const SKIPPED_DIRECTORIES = new Set(['node_modules', '.git', 'obj.target', '.deps'])
/** Directories of a package that serve its own development. */
const DEVELOPMENT = new Set([
  '.github',
  'test',
  'tests',
  '__tests__',
  'benchmark',
  'benchmarks',
  'example',
  'examples',
  'docs',
])
/** Files that no program reads at run time: C sources and build products. */
const SKIPPED_FILES =
  /\.(?:c|cc|cpp|cxx|o|obj|a|lib|pdb|gypi?|mk|map|flow|tsbuildinfo)$|^(?:Makefile|binding\.gyp)$/i
const PROSE = /\.(?:md|markdown)$/i
const DECLARATION_FILE = /\.d\.[cm]?ts$/
/** What is copied to where somebody begins a project: all of it is wanted, whatever it looks like. */
const TEMPLATE_DIRECTORY = /^(?:templates?|skeletons?|scaffolds?|boilerplates?|starters?)(?:$|[-_.])/i

/** What of a package is looked at. */
export interface WantedFiles {
  readonly withDeclarations: boolean
  readonly platform: Platform
}

/** All files of a package that could matter at run time, not counting nested packages. */
export function* filesOfPackage(root: string, wanted: WantedFiles): Generator<string> {
  yield* filesBelow(root, 'root', wanted)
}

function* filesBelow(
  directory: string,
  place: 'root' | 'inside' | 'template',
  wanted: WantedFiles,
): Generator<string> {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const { name } = entry
    const file = path.join(directory, name)
    if (entry.isDirectory()) {
      const isLeftOut =
        SKIPPED_DIRECTORIES.has(name) ||
        (place === 'root' && DEVELOPMENT.has(name)) ||
        isForeignPrebuild(name, wanted.platform)
      const isTemplate = place === 'template' || TEMPLATE_DIRECTORY.test(name)
      if (!isLeftOut) yield* filesBelow(file, isTemplate ? 'template' : 'inside', wanted)
    } else if (entry.isFile()) {
      const isLeftOut =
        SKIPPED_FILES.test(name) ||
        (place === 'root' && PROSE.test(name)) ||
        (!wanted.withDeclarations && DECLARATION_FILE.test(name))
      if (place === 'template' || !isLeftOut) yield file
    }
  }
}

/** `prebuilds/darwin-arm64` and the like: node-gyp-build's and prebuildify's names for a platform. */
function isForeignPrebuild(name: string, { os, cpu }: Platform): boolean {
  const match = /^(android|darwin|freebsd|linux|openbsd|sunos|win32|ios)-([a-z0-9+]+)$/.exec(name)
  if (!match) return false
  return match[1] !== os || !match[2]!.split('+').includes(cpu)
}

/** Native code by its first bytes: usable on the target, made for another, or none at all. */
export function nativeKind(bytes: Uint8Array, platform: Platform): 'usable' | 'foreign' | 'none' {
  const header = nativeHeader(bytes)
  if (!header) return 'none'
  return runsOn(header, platform) ? 'usable' : 'foreign'
}
