// The graph stage: configuration -> everything that goes into the executable, and how.

import { closeSync, openSync, readFileSync, readSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'

import type { Diagnostic } from '../base/diagnostics.ts'
import type { ResolvedConfig } from '../config/config.ts'
import type { BundleInputs } from './bundle.ts'
import { carriedAddon } from './carried-addon.ts'
import type { AppGraph, KeptFile } from './graph.ts'
import { lookedAt } from './looked-at.ts'
import { nativeKind } from './packages.ts'
import { partition, type Partition } from './partition.ts'
import type { PackageLink } from './resolve.ts'
import { useOfRuntime } from './runtime-module.ts'
import { isInPackage, isTypeScript } from './source.ts'
import { traceProgram } from './trace.ts'
import type { Trace } from './traced-program.ts'
import { eraseTypes, replaceAttributeImports, stripTypes, type Strip } from './transform.ts'

/** @param strip how types are blanked out; a build remembers the results */
export async function traceApp(given: ResolvedConfig, strip: Strip = stripTypes): Promise<AppGraph> {
  const config = {
    ...given,
    entries: given.entries.map((entry) => ({ ...entry, file: realpathSync(entry.file) })),
  }
  const trace = traceProgram(config)
  const erased = eraseOwnTypes(config, trace, strip)
  const needsCompiler = [...erased.values()].includes(undefined)
  const parts = partition(trace, { bundle: config.bundle, needsCompiler })
  const packageJsons = packageJsonsOf(trace)
  const root = aboveNodeModules(
    commonDirectory([
      config.projectDir,
      ...(config.tests ? [config.tests.directory] : []),
      ...[...trace.modules.keys(), ...trace.assets].map((file) => path.dirname(file)),
    ]),
  )
  const virtualPath = (file: string) => path.relative(root, file)
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

  const kept = [
    ...(await keptModules({ config, trace, virtualPath }, parts, erased)),
    ...keptAssets([...trace.assets, ...packageJsons], virtualPath),
  ]
  const runtime = useOfRuntime(trace)
  return {
    root,
    waitsForReady: runtime.waitsForReady,
    entries: config.entries.map(({ name, file }) => ({ name, path: entryPath(file) })),
    kept: uniqueByPath(kept),
    generated: [...bundle.files, ...runtime.files],
    links: usedLinks(trace.links, root, kept),
    origins: new Map(
      [...trace.origins].map(([file, { from, because }]) => [
        virtualPath(file),
        { from: from === undefined ? undefined : virtualPath(from), because },
      ]),
    ),
    keptBecause: new Map([...parts.kept].map(([file, reason]) => [virtualPath(file), reason])),
    bundled: [...parts.bundled].map(virtualPath).toSorted(),
    sourceMaps:
      bundle.files.length > 0 || kept.some((file) => file.code?.includes('//# sourceMappingURL=data:')),
    external: [...trace.external].toSorted(),
    ...(config.tests && {
      tests: { directory: virtualPath(config.tests.directory), files: config.tests.files },
    }),
    inputs: lookedAt(trace, config),
    diagnostics: [...uniqueDiagnostics(trace.diagnostics), ...bundle.diagnostics, ...unpackedAddons(kept)],
  }
}

/** The program's own modules as JavaScript; undefined where that takes a compiler. */
function eraseOwnTypes(config: ResolvedConfig, trace: Trace, strip: Strip): Map<string, string | undefined> {
  const defines = Object.keys(config.define)
  const erased = new Map<string, string | undefined>()
  for (const [file, { format, scan, resolutions }] of trace.modules) {
    const hasDefine = defines.some((key) => scan.text.includes(key))
    if (isInPackage(file) && !hasDefine) continue
    const isPlain = [...resolutions.values()].every((item) => item.kind !== 'file' || !item.compilerOnly)
    // Written for a compiler that makes CommonJS of it, where these names exist.
    const isMixed = format === 'module' && isTypeScript(file) && scan.usesCommonJsNames
    erased.set(file, isPlain && !hasDefine && !isMixed ? eraseTypes(file, scan.text, strip) : undefined)
  }
  return erased
}

type KeptInputs = Pick<BundleInputs, 'config' | 'trace' | 'virtualPath'>

async function keptModules(
  inputs: KeptInputs,
  { kept }: Partition,
  erased: ReadonlyMap<string, string | undefined>,
): Promise<KeptFile[]> {
  const modules: KeptFile[] = []
  for (const file of kept.keys()) {
    const { format, scan } = inputs.trace.modules.get(file)!
    const plain = erased.has(file) ? erased.get(file) : scan.text
    const code = replaceAttributeImports(
      plain ?? (await (await import('./bundle.ts')).compileModule(inputs, file)),
    )
    modules.push({
      path: inputs.virtualPath(file),
      file,
      format,
      ...(code !== scan.text && { code }),
      ...modeOf(file),
    })
  }
  return modules
}

function keptAssets(files: readonly string[], virtualPath: (file: string) => string): KeptFile[] {
  const assets: KeptFile[] = []
  for (const file of files) {
    const kind = nativeKind(headOf(file))
    // Binaries for other machines come along in packages; nothing here could load them.
    if (kind === 'foreign' && file.includes('/node_modules/')) continue
    const content = kind === 'usable' ? carriedAddon(readFileSync(file)) : undefined
    assets.push({
      path: virtualPath(file),
      file,
      ...modeOf(file),
      ...(kind === 'usable' && { mapped: true }),
      ...(content && { content }),
    })
  }
  return assets
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

function modeOf(file: string): { executable?: true } {
  return statSync(file).mode & 0o111 ? { executable: true } : {}
}

function headOf(file: string): Uint8Array {
  const head = new Uint8Array(64)
  const descriptor = openSync(file, 'r')
  try {
    return head.subarray(0, readSync(descriptor, head, 0, head.length, 0))
  } finally {
    closeSync(descriptor)
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
function usedLinks(
  links: readonly PackageLink[],
  root: string,
  kept: readonly KeptFile[],
): AppGraph['links'] {
  const directories = new Set<string>()
  for (const { path: file } of kept) {
    for (let above = path.dirname(file); !directories.has(above); above = path.dirname(above))
      directories.add(above)
  }
  const files = new Set(kept.map((file) => file.path))
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
