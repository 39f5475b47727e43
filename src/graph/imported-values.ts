// What paths of one module are made of that others export: a directory in paths.ts, a function that finds templates.

import type { Scan } from './scan.ts'
import { isInPackage } from './source.ts'
import { keyOf, type Trace, type TracedModule } from './traced-program.ts'
import type { Exports } from './values.ts'

/**
 * The program's own modules of which more is known, now that it is known what others export.
 * @param scan with what is imported, as JSON
 */
export function withImports(
  modules: Trace['modules'],
  scan: (file: string, imported: string) => Scan,
): TracedModule[] {
  return [...modules.values()].flatMap((module) => {
    const imported = isInPackage(module.file) ? undefined : importedBy(module, modules)
    if (imported === undefined || imported === module.imported) return []
    return [{ ...module, imported, scan: scan(module.file, imported) }]
  })
}

/** As JSON; undefined: nothing that paths can be made of. */
function importedBy({ scan, resolutions }: TracedModule, modules: Trace['modules']): string | undefined {
  const imported: Record<string, Exports> = {}
  for (const reference of scan.references) {
    const resolution = resolutions.get(keyOf(reference))
    const exports = resolution?.kind === 'file' && modules.get(resolution.file)?.scan.exports
    if (exports && Object.keys(exports).length > 0) imported[reference.specifier] = exports
  }
  return Object.keys(imported).length > 0 ? JSON.stringify(imported) : undefined
}
