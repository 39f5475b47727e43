// The module graph as one number: which modules there are, what they say and what their imports lead to. It is the
// same whether they are bundled or not, on any machine and in any directory, so that two builds, or a program and
// its sources, can be compared.

import { hash } from 'node:crypto'

import type { AppGraph, ModuleFormat } from './graph.ts'
import type { GraphMemory } from './memory.ts'
import type { Resolution } from './resolve.ts'
import type { TracedModule } from './traced-program.ts'

export interface HashedModule {
  readonly path: string
  readonly format: ModuleFormat
  /** SHA-256 of the text, hex. */
  readonly text: string
  /** SHA-256 of all its resolutions, hex. */
  readonly resolutions: string
}

/** All paths are virtual. */
export interface HashedGraph {
  /** Names and modules. */
  readonly entries: readonly (readonly [name: string, path: string])[]
  /** Sorted. */
  readonly assets: readonly string[]
  readonly links: AppGraph['links']
  /** By file, sorted by path. */
  readonly modules: ReadonlyMap<string, HashedModule>
}

export function hashedModules(
  modules: ReadonlyMap<string, TracedModule>,
  memory: GraphMemory,
  virtualPath: (file: string) => string,
): Map<string, HashedModule> {
  const hashed = [...modules.values()].map(({ file, format, scan, resolutions }): [string, HashedModule] => [
    file,
    {
      path: virtualPath(file),
      format,
      text: memory.digest(file, scan.text),
      resolutions: hashResolutions(resolutions, virtualPath),
    },
  ])
  return new Map(hashed.toSorted(([, a], [, b]) => (a.path < b.path ? -1 : 1)))
}

function hashResolutions(
  resolutions: ReadonlyMap<string, Resolution>,
  virtualPath: (file: string) => string,
): string {
  const targets = [...resolutions].map(([key, resolution]) => {
    const { kind } = resolution
    return [key, kind, ...(kind === 'file' ? [virtualPath(resolution.file)] : [])]
  })
  return hash('sha256', JSON.stringify(targets.toSorted(([a], [b]) => (a! < b! ? -1 : 1))))
}

export function hashGraph({ entries, assets, links, modules }: HashedGraph): string {
  const sortedLinks = links.toSorted((a, b) => (a.path < b.path ? -1 : 1))
  return hash('sha256', JSON.stringify([entries, assets, sortedLinks, [...modules.values()]]))
}
