// The graph stage: configuration -> everything that goes into the executable, and how.

import { closeSync, openSync, readSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'

import type { Diagnostic } from '../base/diagnostics.ts'
import type { ResolvedConfig } from '../config/config.ts'
import type { AppGraph, KeptFile } from './graph.ts'
import { nativeKind } from './packages.ts'
import { partition, type Partition } from './partition.ts'
import type { PackageLink } from './resolve.ts'
import { traceProgram, type Trace } from './trace.ts'
import { INLINE_MAP, transformModule } from './transform.ts'

export async function traceApp(given: ResolvedConfig): Promise<AppGraph> {
  const config = { ...given, entries: given.entries.map((entry) => ({ ...entry, file: realpathSync(entry.file) })) }
  const trace = traceProgram(config)
  const parts = partition(trace, config.bundle)
  const packageJsons = packageJsonsOf(trace)
  const root = commonDirectory([config.projectDir, ...trace.modules.keys(), ...trace.assets].map((file) => `${file}/`))
  const virtualPath = (file: string) => path.relative(root, file)
  // A bundled entry is plain JavaScript: node has no loader for .tsx and .jsx.
  const entryPath = (file: string) =>
    parts.bundled.has(file) ? virtualPath(file).replace(/\.[jt]sx$/, '.mjs') : virtualPath(file)

  const inputs = Object.fromEntries(
    config.entries.filter(({ file }) => parts.bundled.has(file)).map(({ file }) => [entryPath(file), file]),
  )
  const bundle =
    Object.keys(inputs).length > 0
      ? await (await import('./bundle.ts')).bundleModules({ config, trace, bundled: parts.bundled, virtualPath, inputs })
      : { files: [], diagnostics: [] }

  const kept = [
    ...keptModules(config, trace, parts, virtualPath),
    ...keptAssets([...trace.assets, ...packageJsons], virtualPath),
  ]
  return {
    root,
    entries: config.entries.map(({ name, file }) => ({ name, path: entryPath(file) })),
    kept: uniqueByPath(kept),
    generated: bundle.files,
    links: usedLinks(trace.links, root, kept),
    bundled: [...parts.bundled].map(virtualPath).toSorted(),
    sourceMaps: bundle.files.length > 0 || kept.some((file) => file.code?.includes(INLINE_MAP)),
    external: [...trace.external].toSorted(),
    diagnostics: [...uniqueDiagnostics(trace.diagnostics), ...bundle.diagnostics],
  }
}

function keptModules(config: ResolvedConfig, trace: Trace, { kept }: Partition, virtualPath: (file: string) => string): KeptFile[] {
  return [...kept.keys()].map((file) => {
    const { format, scan } = trace.modules.get(file)!
    const code = transformModule(file, scan.text, config)
    return { path: virtualPath(file), file, format, ...(code !== undefined && { code }), ...modeOf(file) }
  })
}

function keptAssets(files: readonly string[], virtualPath: (file: string) => string): KeptFile[] {
  const assets: KeptFile[] = []
  for (const file of files) {
    const kind = nativeKind(headOf(file))
    // Binaries for other machines come along in packages; nothing here could load them.
    if (kind === 'foreign' && file.includes('/node_modules/')) continue
    assets.push({ path: virtualPath(file), file, ...modeOf(file), ...(kind === 'usable' && { mapped: true }) })
  }
  return assets
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

function commonDirectory(files: readonly string[]): string {
  const [first = '/', ...rest] = files.map((file) => file.split('/').slice(0, -1))
  const shared = (first as string[]).filter((_part, i) => rest.every((parts) => parts.slice(0, i + 1).join('/') === (first as string[]).slice(0, i + 1).join('/')))
  return shared.join('/') || '/'
}

/** Links to what is embedded; npm leaves many others. */
function usedLinks(links: readonly PackageLink[], root: string, kept: readonly KeptFile[]): AppGraph['links'] {
  const used: AppGraph['links'][number][] = []
  for (const { file, target } of links) {
    const real = path.resolve(path.dirname(file), target)
    const inside = path.relative(root, real)
    if (!file.startsWith(`${root}/`) || !kept.some((item) => item.path.startsWith(`${inside}/`))) continue
    used.push({ path: path.relative(root, file), target: path.relative(path.dirname(file), real) })
  }
  return used
}

function uniqueByPath(files: readonly KeptFile[]): KeptFile[] {
  return [...new Map(files.map((file) => [file.path, file])).values()]
}

function uniqueDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return [...new Map(diagnostics.map((item) => [JSON.stringify(item), item])).values()]
}
