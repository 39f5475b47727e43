// The same program with other contents: most edits change neither what a module refers to nor how it is to be run,
// and then everything that the trace has found still holds. Whether that is so is decided here; any doubt, and
// errors too, are for a whole trace.

import { lstatSync } from 'node:fs'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'

import { BuildError } from '../base/diagnostics.ts'
import type { KeptFile } from './graph.ts'
import { hashGraph } from './graph-hash.ts'
import { hasSourceMap, keptAssets, keptModule } from './kept-files.ts'
import { plainCodeOf } from './module-code.ts'
import { namedDependencies, namedFiles } from './named.ts'
import type { Package } from './packages.ts'
import { waitsForReady } from './runtime-module.ts'
import type { Scan } from './scan.ts'
import { isInPackage, isScript } from './source.ts'
import type { TracedApp } from './trace-app.ts'
import type { TracedModule } from './traced-program.ts'
import { stripTypes } from './transform.ts'

/**
 * @param changed all files that may be other than when `traced` was made; its memory has forgotten them
 * @returns undefined if it takes a whole trace to know
 */
export async function retrace(traced: TracedApp, changed: Iterable<string>): Promise<TracedApp | undefined> {
  try {
    return await withContents(traced, changed)
  } catch (error) {
    // A whole trace says what is wrong, or that it does not matter.
    if (error instanceof BuildError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function withContents(traced: TracedApp, changed: Iterable<string>): Promise<TracedApp | undefined> {
  const { graph } = traced
  // A bundle is made of all modules, and how much is bundled depends on what each of them takes.
  if (traced.code.config.bundle !== false) return undefined
  const kept = [...graph.kept]
  const modules = new Map(traced.modules)
  const hashed = new Map(traced.hashed.modules)
  const code = { ...traced.code, strip: stripTypes }
  for (const file of changed) {
    const index = kept.findIndex((item) => item.file === file)
    if (index === -1 || !mayChange(file, traced)) return undefined
    const module = modules.get(file)
    if (module) {
      const scan = code.memory.scan(file, code.options, module.imported)
      const renewed: TracedModule = { ...module, scan }
      const owner = code.packages.scopeOf(file)
      if (!isDeepStrictEqual(tracedBy(module.scan, owner), tracedBy(scan, owner))) return undefined
      if (waitsForReady(module) !== waitsForReady(renewed)) return undefined
      modules.set(file, renewed)
      kept[index] = await keptModule(code, renewed, plainCodeOf(code, renewed))
      hashed.set(file, { ...hashed.get(file)!, text: code.memory.digest(file, scan.text) })
    } else {
      const [asset] = keptAssets([file], code)
      if (!asset || asset.mapped || kept[index]!.mapped) return undefined
      kept[index] = asset
    }
  }
  const withHashes = { ...traced.hashed, modules: hashed }
  return {
    ...traced,
    graph: { ...graph, kept, hash: hashGraph(withHashes), sourceMaps: sourceMapsOf(traced, kept) },
    modules,
    hashed: withHashes,
    code,
  }
}

/** Whether nothing but the contents of this very file can have changed with it. */
function mayChange(file: string, { graph, modules, code }: TracedApp): boolean {
  const isFile = lstatSync(file, { throwIfNoEntry: false })?.isFile()
  if (!isFile || isInPackage(file)) return false
  if (path.basename(file) === 'package.json' || code.options.files.has(file)) return false
  // A script with a mistake in it is an asset only as long as that is there; WebAssembly imports.
  const isPlain = modules.has(file) || !(isScript(file) || file.endsWith('.wasm'))
  return isPlain && !graph.diagnostics.some(({ at }) => at?.file === file)
}

/** What a trace goes by. */
function tracedBy(scan: Scan, owner: Package | undefined) {
  const { text: _text, names: _names, references, globs, computed, variables, ...rest } = scan
  const withoutStart = <T extends { start: number }>({ start: _start, ...item }: T) => item
  return {
    ...rest,
    references: references.map(withoutStart),
    globs: globs.map(withoutStart),
    computed: computed.map(withoutStart),
    variables: variables.map(withoutStart),
    named: [namedFiles(scan), namedDependencies(scan, owner)],
  }
}

function sourceMapsOf({ graph }: TracedApp, kept: readonly KeptFile[]): boolean {
  const isSame = kept.every(
    (file, i) => file === graph.kept[i] || hasSourceMap(file) === hasSourceMap(graph.kept[i]!),
  )
  return isSame ? graph.sourceMaps : kept.some(hasSourceMap)
}
