// Modules that a rehearsal has not loaded and a start may: what `prettier file.ts` formats with, where the
// rehearsal was told to do nothing. They are compiled ahead, too, as far as they are not too large.

import { packageInPath } from '../base/package-in-path.ts'
import type { Training } from '../format/training.ts'

export interface ModuleFact {
  /** In the archive. */
  readonly path: string
  readonly format: 'commonjs' | 'module'
  /** Of its source, in bytes. */
  readonly size: number
}

/** Source of this size becomes five times as much in the image. */
const SPARE_BYTES = 8e6

/**
 * Of the packages that the program loads modules of, smallest first, in the format that most of these are in: packages
 * have everything twice.
 */
export function addSpareModules(training: Training, modules: readonly ModuleFact[]): Training {
  const loaded = new Set(training.modules)
  const formats = new Map<string, number>()
  for (const module of modules) {
    if (!loaded.has(module.path)) continue
    const name = packageOf(module)
    formats.set(name, (formats.get(name) ?? 0) + (module.format === 'module' ? 1 : -1))
  }
  const isWanted = (module: ModuleFact) => {
    const balance = formats.get(packageOf(module))
    if (loaded.has(module.path) || balance === undefined) return false
    return module.format === 'module' ? balance >= 0 : balance <= 0
  }
  let left = SPARE_BYTES
  const spare = modules
    .filter(isWanted)
    .toSorted((a, b) => a.size - b.size)
    .filter(({ size }) => (left -= size) >= 0)
  return { ...training, modules: [...training.modules, ...spare.map(({ path }) => path)] }
}

function packageOf({ path }: ModuleFact): string {
  return packageInPath(path)?.name ?? ''
}
