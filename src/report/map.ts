// Regions of a file -> the tree that the treemap draws. Every byte is in one leaf.

import { ownerFinder } from '../base/owner-finder.ts'
import type { PackageInfo } from '../format/build-info.ts'
import type { Region } from '../inspect/inspection.ts'
import type { MapKind, MapNode } from './data.ts'

type OwnerFinder = (path: string) => PackageInfo | undefined

interface Place {
  readonly kind: MapKind
  readonly steps: readonly string[]
}

export function mapOf(
  regions: readonly Region[],
  packages: readonly PackageInfo[],
  isModule: (path: string) => boolean,
): MapNode {
  const owners = ownerFinder(packages)
  const root = new Branch()
  for (const region of regions) {
    const { kind, steps } = placeOf(region, owners, isModule)
    root.add(steps, region.size, kind)
  }
  return root.node('all')
}

function placeOf({ part, name }: Region, owner: OwnerFinder, isModule: (path: string) => boolean): Place {
  switch (part) {
    case 'runtime':
      return { kind: 'runtime', steps: ['runtime (node)'] }
    case 'libraries':
      return { kind: 'libraries', steps: ['libraries', name] }
    case 'bootstrap':
      return { kind: 'bootstrap', steps: ['Ingot’s own', name] }
    case 'frozen process':
      return { kind: 'frozen', steps: ['frozen process'] }
    case 'code cache':
      return { kind: 'cache', steps: ['code cache', ...inPackage(name, owner)] }
    case 'files':
    case 'code': {
      const found = owner(name)
      if (found) return { kind: 'packages', steps: ['packages', ...inPackage(name, owner)] }
      return isModule(name)
        ? { kind: 'modules', steps: ['modules', name] }
        : { kind: 'assets', steps: ['assets', name] }
    }
    case 'index':
    case 'build info':
    case 'seal':
    case 'padding':
      return { kind: 'rest', steps: ['index, build info, padding', part] }
  }
}

function inPackage(path: string, owner: OwnerFinder): string[] {
  const found = owner(path)
  return found ? [`${found.name} ${found.version}`, path.slice(found.path.length + 1) || path] : [path]
}

class Branch {
  readonly #children = new Map<string, Branch>()
  #own = 0
  #kind: MapKind | undefined

  add([step, ...rest]: readonly string[], size: number, kind?: MapKind): void {
    if (step === undefined) {
      this.#own += size
      return
    }
    const child = this.#children.get(step) ?? new Branch()
    child.#kind ??= kind
    this.#children.set(step, child)
    child.add(rest, size)
  }

  node(name: string): MapNode {
    const children = [...this.#children].map(([step, child]) => child.node(step))
    // A package of which a file is called as a directory of another version: both are drawn.
    if (this.#own > 0 && children.length > 0) children.push({ name, size: this.#own })
    const size = children.length > 0 ? children.reduce((sum, child) => sum + child.size, 0) : this.#own
    const kind = this.#kind && { kind: this.#kind }
    if (children.length === 0) return { name, size, ...kind }
    return { name, size, ...kind, children: children.toSorted((a, b) => b.size - a.size) }
  }
}
