// `ingot why`: the graph stage alone, asked about one file or package; with --start a whole build, asked about
// what it has frozen.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

import type { BuildOptions, StartResult } from './base/build-result.ts'
import { resolveConfig } from './config/resolve-config.ts'
import type { AppGraph } from './graph/graph.ts'
import { chainOf, packageOf } from './native-policy.ts'

export interface Explanation {
  readonly path: string
  readonly state: 'bundled' | 'kept as a file' | 'embedded as an asset' | 'left out'
  /** Why it is in that state. */
  readonly because: string
  /** What leads to it, the program first, each with the way it does. */
  readonly chain: readonly { readonly path: string; readonly because: string }[]
}

/** Everything whose path ends in `subject`, or that belongs to the package of that name. */
export async function explain(subject: string, options: BuildOptions): Promise<Explanation[]> {
  const { config } = await resolveConfig(options, { cwd: options.cwd ?? process.cwd() })
  const graph = await (await import('./graph/trace-app.ts')).traceApp(config)
  if (graph.external.includes(subject)) {
    return [{ path: subject, state: 'left out', because: 'is listed under "external"', chain: [] }]
  }
  const wanted = subject.replace(/^\.\//, '')
  const isWanted = (path: string) =>
    path === wanted || path.endsWith(`/${wanted}`) || packageOf(path) === wanted
  return [...graph.origins.keys()]
    .filter(isWanted)
    .toSorted()
    .map((path) => explainPath(graph, path))
}

function explainPath(graph: AppGraph, path: string): Explanation {
  const chain = chainOf(graph, path).map((step) => ({
    path: step,
    because: graph.origins.get(step)?.because ?? 'is an entry',
  }))
  if (graph.bundled.includes(path))
    return { path, state: 'bundled', because: 'nothing needs it as a file', chain }
  const kept = graph.keptBecause.get(path)
  if (kept !== undefined) return { path, state: 'kept as a file', because: kept, chain }
  return { path, state: 'embedded as an asset', because: chain.at(-1)!.because, chain }
}

export async function explainStart(options: BuildOptions): Promise<StartResult> {
  const directory = mkdtempSync(path.join(tmpdir(), 'ingot-why-'))
  try {
    const { build } = await import('./build.ts')
    return (await build({ ...options, compress: false, out: path.join(directory, 'program') })).start
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
