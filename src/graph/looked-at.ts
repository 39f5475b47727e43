// What the graph stage looked at on disk, found or not. The resolver is native code that does not say where it
// has looked, so this names every place where it could have found something else: more than it has read, but
// nothing that comes and goes with a program's own data.

import { lstatSync, readdirSync, readlinkSync, statSync } from 'node:fs'
import path from 'node:path'

import type { Inputs, Listing } from '../base/inputs.ts'
import type { ResolvedConfig } from '../config/config.ts'
import type { CompilerOptions } from './compiler-options.ts'
import { packageNameOf } from './resolve.ts'
import { isInPackage } from './source.ts'
import { keyOf, type Trace } from './traced-program.ts'

export function lookedAt(
  { modules, assets, links, walked, options }: Trace,
  { include, tests, trace }: Pick<ResolvedConfig, 'include' | 'tests' | 'trace'>,
): Pick<Inputs, 'files' | 'listings'> {
  const places = new Places(options)
  for (const file of [...modules.keys(), ...assets]) places.source(file)
  for (const { file } of links) places.link(file)
  for (const directory of walked) places.tree(directory)
  for (const pattern of include) places.pattern(pattern, 'all')
  for (const pattern of tests?.patterns ?? []) places.pattern(pattern, 'tree')
  const { files = [], links: usedLinks = [], modules: usedModules = [] } = trace ?? {}
  for (const file of [...files, ...usedLinks, ...usedModules.map((used) => used.file)]) places.used(file)
  for (const { file, scan, resolutions } of modules.values()) {
    for (const reference of scan.references) {
      const resolution = resolutions.get(keyOf(reference))
      if (isPath(reference.specifier))
        places.through(path.resolve(path.dirname(file), reference.specifier, '..'))
      if (resolution?.kind === 'missing') places.missing(reference.specifier, file)
      else if (resolution?.kind === 'file' && resolution.compilerOnly) places.mapped(reference.specifier)
    }
  }
  return places.all()
}

/** Each has what those before it have. */
const EXTENT: readonly Listing['names'][] = ['modules', 'tree', 'all']

class Places {
  readonly #files = new Set<string>()
  readonly #listings = new Map<string, Listing['names']>()
  readonly #directories = new Set<string>()
  readonly #through = new Set<string>()
  readonly #options: CompilerOptions

  constructor(options: CompilerOptions) {
    this.#options = options
  }

  all(): Pick<Inputs, 'files' | 'listings'> {
    const listings = [...this.#listings].map(([directory, names]) => ({ directory, names }))
    return { files: [...this.#files, ...this.#options.files], listings }
  }

  list(directory: string, names: Listing['names']): void {
    const known = this.#listings.get(directory)
    if (known === undefined || EXTENT.indexOf(names) > EXTENT.indexOf(known))
      this.#listings.set(directory, names)
  }

  /** A file that was read; beside it there may come to lie another one that is meant by the same specifier. */
  source(file: string): void {
    this.#files.add(file)
    const directory = path.dirname(file)
    this.list(directory, 'modules')
    this.#above(directory, !isInPackage(file))
  }

  /** A module's directory and those above it: they decide about packages, formats and compiler options. */
  #above(directory: string, isOwn: boolean): void {
    if (this.#directories.has(directory)) return
    this.#directories.add(directory)
    if (path.basename(directory) === 'node_modules') {
      this.#packages(directory)
    } else {
      this.#files.add(path.join(directory, 'package.json'))
      if (isOwn) this.#options.of(directory)
      const packages = path.join(directory, 'node_modules')
      if (isDirectory(packages)) this.#above(packages, isOwn)
      else this.#files.add(packages)
    }
    if (path.dirname(directory) !== directory) this.#above(path.dirname(directory), isOwn)
  }

  #packages(directory: string): void {
    this.list(directory, 'all')
    for (const name of readdirSync(directory)) {
      if (name.startsWith('@')) this.list(path.join(directory, name), 'all')
    }
  }

  /** The resolver says where a file really is, and not by which links it came there. */
  through(directory: string): void {
    if (this.#through.has(directory)) return
    this.#through.add(directory)
    if (isLink(directory)) this.#files.add(directory)
    this.through(path.dirname(directory))
  }

  /** A link, and what it leads to if that is one. */
  link(file: string): void {
    this.#files.add(file)
    this.through(path.dirname(file))
    const target = isLink(file) ? path.resolve(path.dirname(file), readlinkSync(file)) : file
    if (!this.#files.has(target) && isLink(target)) this.link(target)
  }

  /** By a traced run; it may have gone since, and come back. */
  used(file: string): void {
    this.#files.add(file)
    this.through(path.dirname(file))
  }

  /** Nothing was found by this name; packages ask for what may be there. */
  missing(specifier: string, importer: string): void {
    if (isPath(specifier)) this.#candidate(path.resolve(path.dirname(importer), specifier))
    const name = packageNameOf(specifier)
    if (name === undefined) return
    for (let directory = path.dirname(importer); ; directory = path.dirname(directory)) {
      const packages = path.join(directory, 'node_modules')
      if (isDirectory(path.join(packages, name))) {
        this.#files.add(path.join(packages, name, 'package.json'))
        this.#candidate(path.join(packages, specifier))
      }
      if (path.dirname(directory) === directory) return
    }
  }

  /** `paths` may name several places for a specifier, and the first of them has nothing yet. */
  mapped(specifier: string): void {
    if (isPath(specifier)) return
    const parts = specifier.split('/')
    for (const mapping of this.#options.mappings) {
      // What the star stands for: all of it, or what follows a prefix.
      for (let i = 0; i < parts.length; i++) this.#candidate(path.join(mapping, ...parts.slice(i)))
    }
  }

  #candidate(file: string): void {
    this.#files.add(file)
    this.through(path.dirname(file))
    this.list(path.dirname(file), 'modules')
    this.list(file, 'modules')
  }

  /** What `include` says: the directories in which a new file could match. */
  pattern(pattern: string, names: Listing['names']): void {
    const magic = pattern.search(/[*?[{(!]/)
    if (magic === -1) {
      this.#files.add(pattern)
      return
    }
    const base = pattern.slice(0, pattern.lastIndexOf('/', magic))
    const depth = pattern.includes('**') ? Infinity : pattern.slice(base.length + 1).split('/').length - 1
    this.#tree(base, depth, names, names === 'tree' ? isOutsidePackages : undefined)
  }

  /** A directory, and those in it. */
  tree(directory: string): void {
    this.#tree(directory, Infinity, 'all', isOutsidePackages)
  }

  #tree(directory: string, depth: number, names: Listing['names'], isWanted = (_name: string) => true): void {
    this.list(directory, names)
    if (depth === 0 || !isDirectory(directory)) return
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const isBelow = entry.isDirectory() && isWanted(entry.name)
      if (isBelow) this.#tree(path.join(directory, entry.name), depth - 1, names, isWanted)
    }
  }
}

function isPath(specifier: string): boolean {
  return /^\.{0,2}(?:\/|$)/.test(specifier)
}

function isOutsidePackages(name: string): boolean {
  return name !== 'node_modules'
}

function isDirectory(file: string): boolean {
  try {
    return statSync(file).isDirectory()
  } catch {
    return false
  }
}

function isLink(file: string): boolean {
  try {
    return lstatSync(file).isSymbolicLink()
  } catch {
    return false
  }
}
