// The graph stage: configuration -> everything that goes into the executable, and how.

import { realpathSync, statSync } from 'node:fs'
import path from 'node:path'

import type { Diagnostic } from '../base/diagnostics.ts'
import type { ResolvedConfig } from '../config/config.ts'
import type { AppGraph, KeptFile } from './graph.ts'
import { hashedModules, hashGraph, type HashedGraph } from './graph-hash.ts'
import { hasSourceMap, keptAssets, keptModule } from './kept-files.ts'
import { lookedAt } from './looked-at.ts'
import { GraphMemory } from './memory.ts'
import { requireNative } from './native-for-target.ts'
import { plainCodeOf, type CodeInputs } from './module-code.ts'
import { partition } from './partition.ts'
import type { OfferedPackage, ProvidePackages } from './platform-packages.ts'
import type { PackageLink } from './resolve.ts'
import { undeclaredVariables } from './reference-diagnostics.ts'
import { useOfRuntime } from './runtime-module.ts'
import { traceProgram } from './trace.ts'
import type { Trace, TracedModule } from './traced-program.ts'
import { stripTypes, type Strip } from './transform.ts'

/** The artefact, and what it takes to renew it where nothing but contents has changed (retrace.ts). */
export interface TracedApp {
  readonly graph: AppGraph
  readonly modules: ReadonlyMap<string, TracedModule>
  readonly hashed: HashedGraph
  readonly code: CodeInputs
}

export interface TraceOptions {
  /** What traces before this one have found out. */
  readonly memory?: GraphMemory | undefined
  /** How types are blanked out; a build remembers the results. */
  readonly strip?: Strip
  /** Finds packages for a target that is another than this machine. */
  readonly provide?: ProvidePackages
}

export async function traceApp(config: ResolvedConfig): Promise<AppGraph> {
  return (await traceTracked(config)).graph
}

/** The same, with what it takes to do it again. */
export async function traceTracked(
  given: ResolvedConfig,
  { memory = new GraphMemory(), strip = stripTypes, provide }: TraceOptions = {},
): Promise<TracedApp> {
  const config = {
    ...given,
    entries: given.entries.map((entry) => ({ ...entry, file: realpathSync(entry.file) })),
  }
  const trace = await traceWithPackages(config, memory, provide)
  const packageJsons = packageJsonsOf(trace)
  const root = rootOf(config, trace)
  const virtualPath = (file: string) => pathBelow(root, trace.platformPackages.placeOf(file))
  const { options, packages } = trace
  const code: CodeInputs = { config, options, packages, memory, strip, virtualPath }
  const plain = new Map([...trace.modules.values()].map((module) => [module.file, plainCodeOf(code, module)]))
  const needsCompiler = [...plain.values()].includes(undefined)
  const parts = partition(trace, { bundle: config.bundle, needsCompiler })
  // A bundled entry is plain JavaScript: node has no loader for .tsx and .jsx.
  const entryPath = (file: string) =>
    parts.bundled.has(file) ? virtualPath(file).replace(/\.[jt]sx$/, '.mjs') : virtualPath(file)

  const inputs = Object.fromEntries(
    config.entries.filter(({ file }) => parts.bundled.has(file)).map(({ file }) => [entryPath(file), file]),
  )
  const bundle =
    Object.keys(inputs).length > 0
      ? await (
          await import('./bundle.ts')
        ).bundleModules({ config, trace, bundled: parts.bundled, virtualPath, inputs })
      : { files: [], diagnostics: [] }

  const assets = keptAssets([...trace.assets, ...packageJsons], code)
  requireNative(trace, memory, config.target)
  const kept: KeptFile[] = []
  for (const file of parts.kept.keys())
    kept.push(await keptModule(code, trace.modules.get(file)!, plain.get(file)))
  kept.push(...assets)
  const paths = kept.map((file) => file.path)
  const assetPaths = assets.map((file) => file.path)
  const allPaths = [...trace.modules.keys()].map(virtualPath).concat(assetPaths)
  const runtime = useOfRuntime(trace)
  const hashed: HashedGraph = {
    entries: config.entries.map(({ name, file }) => [name, virtualPath(file)]),
    assets: [...new Set(assetPaths)].toSorted(),
    // Of all files, as a bundle needs fewer of them.
    links: usedLinks(trace.links, root, allPaths),
    modules: hashedModules(trace.modules, memory, virtualPath),
  }
  const graph: AppGraph = {
    root,
    hash: hashGraph(hashed),
    waitsForReady: runtime.waitsForReady,
    entries: config.entries.map(({ name, file }) => ({ name, path: entryPath(file) })),
    kept: uniqueByPath(kept),
    generated: [...bundle.files, ...runtime.files],
    links: usedLinks(trace.links, root, paths),
    provided: new Map([...trace.platformPackages.places.keys()].map((real) => [virtualPath(real), real])),
    origins: new Map(
      [...trace.origins].map(([file, { from, because }]) => [
        virtualPath(file),
        { from: from === undefined ? undefined : virtualPath(from), because },
      ]),
    ),
    keptBecause: new Map([...parts.kept].map(([file, reason]) => [virtualPath(file), reason])),
    bundled: [...parts.bundled].map(virtualPath).toSorted(),
    sourceMaps: bundle.files.length > 0 || kept.some(hasSourceMap),
    external: [...trace.external].toSorted(),
    ...(config.tests && {
      tests: { directory: virtualPath(config.tests.directory), files: config.tests.files },
    }),
    inputs: lookedAt(trace, config),
    diagnostics: [
      ...uniqueDiagnostics(trace.diagnostics),
      ...(config.contract ? undeclaredVariables(trace.modules.values(), config.contract.contract) : []),
      ...bundle.diagnostics,
      ...unpackedAddons(kept),
    ],
  }
  return { graph, modules: trace.modules, hashed, code }
}

/** The executable has other bytes than the package: that is to be known. */
function unpackedAddons(kept: readonly KeptFile[]): Diagnostic[] {
  return kept
    .filter(({ content }) => content)
    .map(({ file }) => ({
      severity: 'info',
      code: 'NATIVE_UNPACKED',
      message: 'it would unpack an addon into a cache directory: that addon is embedded in its place',
      at: { file },
    }))
}

/** Once more with what the first one misses, which may miss something in turn. */
async function traceWithPackages(
  config: ResolvedConfig,
  memory: GraphMemory,
  provide: ProvidePackages | undefined,
): Promise<Trace> {
  const offers = new Map<string, OfferedPackage | undefined>()
  for (;;) {
    const trace = traceProgram(config, memory, offers)
    const { wanted } = trace.platformPackages
    if (!provide || wanted.size === 0) return trace
    for (const [key, offer] of await provide([...wanted.values()])) offers.set(key, offer)
  }
}

/** Every package.json that node may read on the way to an embedded file. */
function packageJsonsOf(trace: Trace): string[] {
  const found = new Set<string>()
  for (const file of [...trace.modules.keys(), ...trace.assets]) {
    const scopes = [trace.packages.scopeOf(file), trace.packages.ownerOf(file)]
    for (const scope of scopes) if (scope) found.add(path.join(scope.directory, 'package.json'))
  }
  return [...found].filter((file) => statSync(file, { throwIfNoEntry: false }))
}

function rootOf({ projectDir, tests }: ResolvedConfig, { modules, assets, platformPackages }: Trace): string {
  const directories = new Set(
    [...modules.keys(), ...assets].map((file) => platformPackages.placeOf(path.dirname(file))),
  )
  return aboveNodeModules(commonDirectory([projectDir, ...(tests ? [tests.directory] : []), ...directories]))
}

function pathBelow(root: string, file: string): string {
  // The general way is slow, and asked for thousands of times.
  return file.startsWith(`${root}/`) ? file.slice(root.length + 1) : path.relative(root, file)
}

/** The name node_modules means something to node: it may not be the root's, which has none. */
function aboveNodeModules(directory: string): string {
  return directory.replace(/\/node_modules(?:\/@[^/]+)?$/, '')
}

function commonDirectory(directories: readonly string[]): string {
  let shared = directories[0] ?? '/'
  for (const directory of directories) {
    while (directory !== shared && !directory.startsWith(path.join(shared, '/')))
      shared = path.dirname(shared)
  }
  return shared
}

/** Links to what is embedded; npm leaves many others. */
function usedLinks(links: readonly PackageLink[], root: string, paths: readonly string[]): AppGraph['links'] {
  const directories = new Set<string>()
  for (const file of paths) {
    for (let above = path.dirname(file); !directories.has(above); above = path.dirname(above))
      directories.add(above)
  }
  const files = new Set(paths)
  const used: AppGraph['links'][number][] = []
  for (const { file, target } of links) {
    const real = path.resolve(path.dirname(file), target)
    const inside = path.relative(root, real)
    const place = path.relative(root, file)
    if (!file.startsWith(path.join(root, '/')) || !(files.has(inside) || directories.has(inside))) continue
    // What was reached through the link by its name is a directory here.
    if (directories.has(place)) continue
    used.push({ path: place, target: path.relative(path.dirname(file), real) })
  }
  return used
}

function uniqueByPath(files: readonly KeptFile[]): KeptFile[] {
  return [...new Map(files.map((file) => [file.path, file])).values()]
}

function uniqueDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return [...new Map(diagnostics.map((item) => [JSON.stringify(item), item])).values()]
}
