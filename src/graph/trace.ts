// Follows the program from its entries to everything it can reach, and records why.

import { existsSync, globSync, lstatSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'

import { BuildError, type Diagnostic } from '../base/diagnostics.ts'
import type { ProgramTrace, ResolvedConfig, TestFiles } from '../config/config.ts'
import { CompilerOptions } from './compiler-options.ts'
import { withImports } from './imported-values.ts'
import { Links } from './links.ts'
import type { GraphMemory } from './memory.ts'
import { Mentions, namedDependencies, namedFiles, pluginsOf } from './named.ts'
import { filesOfPackage, Packages, type Package } from './packages.ts'
import { filesMatching, matchingPath, type Matching } from './patterns.ts'
import { PlatformPackages, type Offers } from './platform-packages.ts'
import { asWarning, emptyInclude, Findings } from './reference-diagnostics.ts'
import { packageNameOf, Resolver, type PackageLink, type Resolution } from './resolve.ts'
import type { Reference, Scan } from './scan.ts'
import { isInPackage, isProgram, isScript } from './source.ts'
import {
  formatOf,
  keyOf,
  mayCompute,
  mentionsDeclarations,
  type Origin,
  type Trace,
  type TracedModule,
} from './traced-program.ts'
import { WILDCARD } from './values.ts'
import { wasmImports } from './wasm-imports.ts'

/** Of telling modules what others export: a value has come through as many of them. */
const MOST_ROUNDS = 16
const USED = 'was used when the program was traced'
const LISTED = 'lies in a directory that is named by path'

/** @param offers packages for the target that are not installed */
export function traceProgram(config: ResolvedConfig, memory: GraphMemory, offers?: Offers): Trace {
  const tracer = new Tracer(config, memory, offers)
  for (const entry of config.entries) tracer.reach(entry.file)
  tracer.run()
  if (config.tests) tracer.reachTests(config.tests)
  // After the program itself, which is judged more strictly than what it may only want to read.
  tracer.include(config.include)
  tracer.run()
  if (config.trace) tracer.reachUsed(config.trace)
  return tracer
}

class Tracer implements Trace {
  readonly modules = new Map<string, TracedModule>()
  readonly assets = new Set<string>()
  readonly keep = new Map<string, string>()
  readonly origins = new Map<string, Origin>()
  readonly #links = new Links()
  readonly external = new Set<string>()
  readonly walked = new Set<string>()
  hooksModules = false
  readonly packages = new Packages()
  readonly platformPackages: PlatformPackages
  readonly options = new CompilerOptions()
  readonly #config: ResolvedConfig
  readonly #memory: GraphMemory
  readonly #resolver = new Resolver()
  readonly #queue: string[] = []
  readonly #wholePackages = new Set<string>()
  readonly #seenPackages = new Set<string>()
  readonly #mentions = new Mentions()
  readonly #findings: Findings
  #rounds = 0
  #hasProgramDependencies = false
  /** Whether what is found now is there because of `include` alone: templates and fixtures may be wrong on purpose. */
  #isIncluding = false
  /** The module being followed. */
  #current: string | undefined

  constructor(config: ResolvedConfig, memory: GraphMemory, offers: Offers | undefined) {
    this.#config = config
    this.#memory = memory
    this.platformPackages = new PlatformPackages(config.target, this.packages, offers)
    this.#findings = new Findings(config)
  }

  get diagnostics(): Diagnostic[] {
    return this.#findings.all
  }

  get links(): PackageLink[] {
    return this.#links.all
  }

  run(): void {
    do {
      for (let file = this.#queue.pop(); file !== undefined; file = this.#queue.pop()) {
        this.#current = file
        this.#follow(this.modules.get(file)!)
      }
      // Now it is known what the packages import.
      for (const { name, owner, file } of this.#mentions.named()) this.#reachPackage(name, owner, file)
      this.#shareValues()
    } while (this.#queue.length > 0)
  }

  /** Adds a file that something needs; a script becomes a module to follow. */
  reach(file: string, keepBecause?: string): void {
    if (keepBecause && !this.keep.has(file)) this.keep.set(file, keepBecause)
    if (this.modules.has(file) || this.assets.has(file) || !this.platformPackages.mayHave(file)) return
    // A file has one place, however it was named: node follows links before it looks for what a module imports.
    const directory = this.#links.realDirectory(path.dirname(file))
    if (directory !== path.dirname(file))
      return this.reach(path.join(directory, path.basename(file)), keepBecause)
    if (lstatSync(file).isSymbolicLink()) return this.#reachLink(file, keepBecause)
    const because = keepBecause ?? (this.#current === undefined ? 'is an entry' : 'is imported')
    this.origins.set(file, { from: this.#current, because })
    const owner = isInPackage(file) ? this.packages.ownerOf(file) : undefined
    if (owner && !this.#seenPackages.has(owner.directory)) {
      this.#seenPackages.add(owner.directory)
      const referrer = this.#current
      this.#current = file
      this.#platformPackages(owner)
      this.#current = referrer
    }
    const isModule = isScript(file) || (!keepBecause && isProgram(file))
    const scan = isModule ? this.#scan(file, keepBecause) : undefined
    if (!scan) {
      this.assets.add(file)
      if (file.endsWith('.wasm')) this.#followWasm(file)
      if (owner && file.endsWith('.json') && path.basename(file) !== 'package.json')
        this.#mentions.look(owner, file, this.#memory.read(file).toString())
      return
    }
    if (scan.hooksModules) this.hooksModules = true
    const format = formatOf(file, scan, this.packages)
    this.modules.set(file, { file, format, scan, resolutions: new Map() })
    if (format === 'commonjs') this.keep.set(file, this.keep.get(file) ?? 'is CommonJS')
    else if (scan.unbundlable) this.keep.set(file, this.keep.get(file) ?? scan.unbundlable)
    this.#queue.push(file)
  }

  /** A link stays a link, to what it leads to. */
  #reachLink(file: string, keepBecause: string | undefined): void {
    const link = this.#links.follow(file)
    if (link?.isDirectory) this.#reachDirectory(link.target)
    else if (link) this.reach(link.target, keepBecause)
  }

  /** Node links an imported WebAssembly module as it links an ES module. */
  #followWasm(file: string): void {
    for (const name of wasmImports(this.#memory.read(file))) {
      const resolution = this.#resolver.resolve(name, file, 'import')
      if (resolution.kind === 'file') this.reach(resolution.file, 'is imported by WebAssembly')
    }
  }

  /** What a program names only by path may be anything, even a script that is wrong on purpose. */
  #scan(file: string, keepBecause: string | undefined): Scan | undefined {
    try {
      return this.#memory.scan(file, this.options)
    } catch (error) {
      if (!(keepBecause || this.#isIncluding) || !(error instanceof BuildError)) throw error
      this.#findings.mistake(asWarning(error))
      return undefined
    }
  }

  /** How much a file's import of a package is needed; of a file that is there to be looked at, as far as is known, it is not. */
  #needOf(file: string, name: string | undefined): 'error' | 'warning' | 'info' {
    if (this.#isIncluding || this.keep.get(file) === LISTED) return 'info'
    return this.packages.isOptional(file, name) ? 'warning' : 'error'
  }

  /** Tells modules what others export that they import: their own exports may be made of it. */
  #shareValues(): void {
    if (this.#rounds > MOST_ROUNDS) return
    const scan = (file: string, imported: string) => this.#memory.scan(file, this.options, imported)
    for (const module of withImports(this.modules, scan)) {
      this.modules.set(module.file, module)
      this.#queue.push(module.file)
    }
    if (this.#queue.length > 0) this.#rounds++
  }

  #follow(module: TracedModule): void {
    const { file, scan } = module
    this.#findings.begin(file)
    for (const reference of scan.references) this.#followReference(module, reference)
    for (const target of scan.paths) this.#followPath(file, target)
    for (const { kind, pattern, start } of scan.globs) {
      if (!this.#reachPattern(file, pattern, kind)) this.#findings.computed(module, kind, start)
    }
    if (isInPackage(file)) {
      const owner = this.packages.ownerOf(file)
      if (!owner) return
      this.#mentions.look(owner, file, scan.text, scan.references)
      const isComputing = scan.computed.length > 0
      if (scan.looksAround || isComputing) this.#wholePackage(owner)
      if (scan.computesNames || isComputing) this.#declaredDependencies(owner)
      // It may be asked for what only the program declares: a database driver, a reporter.
      if (isComputing) this.#programDependencies()
      return
    }
    for (const { kind, start } of scan.computed) this.#findings.computed(module, kind, start)
    this.#namedFiles(module)
    const owner = this.packages.scopeOf(file)
    if (owner) for (const name of namedDependencies(scan, owner)) this.#reachPackage(name, owner)
  }

  #followReference(module: TracedModule, reference: Reference): void {
    const { file } = module
    const { specifier, kind } = reference
    const name = packageNameOf(specifier)
    if (name && this.#config.external.includes(name)) {
      this.external.add(name)
      return
    }
    const resolution = this.#resolver.resolve(specifier, file, kind)
    ;(module.resolutions as Map<string, Resolution>).set(keyOf(reference), resolution)
    // Packages probe for what may be there; node will say the same.
    if (resolution.kind === 'missing' && reference.elsewhere)
      this.#findings.computed(module, kind, reference.start)
    else if (resolution.kind === 'missing' && !isInPackage(file) && !reference.isGuess)
      this.#findings.missing(module, reference, this.#needOf(file, name))
    if (resolution.kind !== 'file') return
    this.#links.add(...this.#resolver.linksFor(specifier, file))
    this.reach(resolution.file, reference.byPath ? 'is asked for by path' : undefined)
    // Whoever asks where a package lies goes on to other files of it.
    const owner = reference.byPath && isInPackage(resolution.file) && this.packages.ownerOf(resolution.file)
    if (owner) this.#wholePackage(owner)
    // The bundler knows neither node's instances of WebAssembly nor its source phase imports.
    if (resolution.file.endsWith('.wasm') && !reference.byPath) this.keep.set(file, 'imports WebAssembly')
    if (kind === 'require' && !reference.byPath)
      this.keep.set(resolution.file, this.keep.get(resolution.file) ?? 'is required')
  }

  /** A path expression that was evaluated: a file, a directory with all in it, or a pattern. */
  #followPath(file: string, target: string): void {
    const stats = target.includes(WILDCARD) ? undefined : statSync(target, { throwIfNoEntry: false })
    if (stats?.isFile()) {
      // Its own path is mentioned by every other module.
      if (target !== file) this.reach(target, 'is named by path')
    } else if (
      stats?.isDirectory() &&
      !file.startsWith(path.join(target, '/')) &&
      !target.includes('node_modules')
    ) {
      this.#reachDirectory(target)
    } else if (!stats) this.#reachMatching(matchingPath(target, this.#config.projectDir))
  }

  #reachDirectory(directory: string): void {
    this.walked.add(directory)
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const file = path.join(directory, entry.name)
      if (entry.isDirectory() && entry.name !== 'node_modules') this.#reachDirectory(file)
      else if (entry.isFile() || entry.isSymbolicLink()) this.reach(file, LISTED)
    }
  }

  /** A specifier with unknown parts: relative, absolute, or below a package (`dayjs/locale/*`). */
  #reachPattern(importer: string, pattern: string, kind: 'import' | 'require'): boolean {
    const name = packageNameOf(pattern)
    if (!name) {
      const absolute = pattern.startsWith('file:')
        ? pattern.slice('file://'.length)
        : path.resolve(path.dirname(importer), pattern)
      return this.#reachMatching(filesMatching(absolute, kind, this.#config.projectDir))
    }
    const scope = this.packages.scopeOf(importer)
    const found = scope && this.#installed(name, scope)
    if (found) this.#wholePackage(found)
    return found !== undefined
  }

  /** Files that a path with unknown parts can mean; false if it could be anything. */
  #reachMatching(matching: Matching | undefined): boolean {
    if (!matching) return false
    this.walked.add(matching.directory)
    for (const file of matching.files) this.reach(file, 'matches a computed path')
    return true
  }

  /** `include` of the configuration: files, directories and globs. */
  include(patterns: readonly string[]): void {
    this.#isIncluding = true
    this.#current = undefined
    for (const pattern of patterns) this.#include(pattern)
  }

  /** A test file that is wrong fails as a test, and others do not. */
  reachTests({ directory, files }: TestFiles): void {
    this.#isIncluding = true
    for (const name of files) {
      const file = path.join(directory, name)
      this.reach(file)
      // What its snapshot tests compare with.
      if (existsSync(`${file}.snapshot`)) this.reach(`${file}.snapshot`, 'is the snapshot of a test')
    }
    this.run()
  }

  /** What the program has used when it was traced. What of it is gone by now it does without. */
  reachUsed({ modules, files, links }: ProgramTrace): void {
    for (const link of links) this.#links.use(link)
    this.#isIncluding = true
    const isThere = (file: string) =>
      statSync(file, { throwIfNoEntry: false })?.isFile() &&
      !this.#config.external.some((name) => file.includes(`/node_modules/${name}/`))
    for (const file of files) if (isThere(file)) this.reach(file, USED)
    for (const { file, importer } of modules) {
      // What is found without the trace may be bundled, but for what somebody asks for by a name made at run time.
      const isKnown = this.modules.has(file) || this.assets.has(file)
      if (isThere(file) && (!isKnown || mayCompute(this.modules.get(importer ?? ''), file)))
        this.reach(file, USED)
    }
    this.run()
  }

  #include(pattern: string): void {
    const stats = statSync(pattern, { throwIfNoEntry: false })
    if (stats?.isFile()) this.reach(pattern, 'is included')
    else if (stats?.isDirectory()) this.#reachDirectory(pattern)
    else {
      const found = globSync(pattern).filter((file) => statSync(file).isFile())
      for (const file of found) this.reach(file, 'is included')
      if (found.length === 0)
        this.#findings.mistake(emptyInclude(path.relative(this.#config.projectDir, pattern)))
    }
  }

  #platformPackages(owner: Package): void {
    for (const found of this.platformPackages.of(owner, (name) => this.#installed(name, owner)))
      this.#wholePackage(found)
  }

  #installed(name: string, owner: Package): Package | undefined {
    const found = this.packages.installedFor(owner, name)
    if (found) this.#links.add(...this.#resolver.linksFor(name, path.join(owner.directory, 'package.json')))
    return found
  }

  #wholePackage(owner: Package, because?: string): void {
    if (this.#wholePackages.has(owner.directory) || !owner.directory.includes('/node_modules/')) return
    this.#wholePackages.add(owner.directory)
    this.#seenPackages.add(owner.directory)
    this.walked.add(owner.directory)
    this.#platformPackages(owner)
    // Tools that work on TypeScript read declarations; others carry theirs for compilers only.
    const withDeclarations = owner.json.name === 'typescript' || mentionsDeclarations(this.modules, owner)
    const wanted = { withDeclarations, platform: this.platformPackages.platform }
    const reason = because ?? `belongs to ${owner.json.name ?? 'a package'}, which finds its files by path`
    for (const file of filesOfPackage(owner.directory, wanted)) this.reach(file, reason)
  }

  /** A package that computes what it requires can ask for anything it declares. */
  #declaredDependencies(owner: Package): void {
    const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = owner.json
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
      this.#reachPackage(name, owner)
    }
  }

  /** Dependencies of the program are there to be used, even where no import names them. */
  #programDependencies(): void {
    if (this.#hasProgramDependencies) return
    this.#hasProgramDependencies = true
    const { projectDir } = this.#config
    const program = this.packages.scopeOf(path.join(projectDir, 'package.json'))
    // A tool that is somebody's dependency itself finds its plugins among the others.
    const [home] = projectDir.split('/node_modules/')
    const owner = home === projectDir ? program : this.packages.scopeOf(path.join(home!, 'package.json'))
    if (!owner) return
    const names = owner === program ? Object.keys(owner.json.dependencies ?? {}) : pluginsOf(program, owner)
    for (const name of names) this.#reachPackage(name, owner)
  }

  #namedFiles({ file, format, scan }: TracedModule): void {
    const kind = format === 'module' ? 'import' : 'require'
    for (const name of namedFiles(scan)) {
      const resolution = this.#resolver.resolve(name, file, kind)
      if (resolution.kind === 'file') this.reach(resolution.file, 'is named beside a computed import')
    }
  }

  #reachPackage(name: string, owner: Package, from = this.#current): void {
    if (this.#config.external.includes(name)) return
    this.#current = from
    const found = this.#installed(name, owner)
    if (!found) return
    const because = `is named by ${owner.json.name ?? 'the program'}`
    // By which of its files, styles or subpaths is known to whoever computes the name.
    if (found.directory.includes('/node_modules/')) return this.#wholePackage(found, because)
    for (const kind of ['require', 'import'] as const) {
      const resolution = this.#resolver.resolve(name, path.join(owner.directory, 'package.json'), kind)
      if (resolution.kind === 'file') this.reach(resolution.file, because)
    }
  }
}
