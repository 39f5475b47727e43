// The program as the trace has found it: its modules, its other files, and why each of them is there.

import type { Diagnostic } from '../base/diagnostics.ts'
import type { CompilerOptions } from './compiler-options.ts'
import type { ModuleFormat } from './graph.ts'
import type { Package, Packages } from './packages.ts'
import type { PlatformPackages } from './platform-packages.ts'
import type { PackageLink, Resolution } from './resolve.ts'
import type { Reference, Scan } from './scan.ts'
import { formatOfExtension, isInPackage } from './source.ts'

export interface TracedModule {
  readonly file: string
  readonly format: ModuleFormat
  readonly scan: Scan
  /** By kind and specifier, as keyOf gives it. */
  readonly resolutions: ReadonlyMap<string, Resolution>
  /** What paths can be made of that it imports, as JSON. */
  readonly imported?: string
}

export interface Trace {
  readonly modules: ReadonlyMap<string, TracedModule>
  /** Files that are not modules. */
  readonly assets: ReadonlySet<string>
  /** Modules that must stay files, and why. */
  readonly keep: ReadonlyMap<string, string>
  /** Of every file, what first led to it. */
  readonly origins: ReadonlyMap<string, Origin>
  readonly links: readonly PackageLink[]
  /** Directories of which every name was looked at, packages below left aside. */
  readonly walked: ReadonlySet<string>
  /** Some module installs hooks that see others being loaded: they have to be modules. */
  readonly hooksModules: boolean
  readonly external: ReadonlySet<string>
  readonly diagnostics: readonly Diagnostic[]
  readonly packages: Packages
  readonly platformPackages: PlatformPackages
  readonly options: CompilerOptions
}

export interface Origin {
  /** The file that refers to it; undefined for entries and includes. */
  readonly from: string | undefined
  readonly because: string
}

export function keyOf(reference: Pick<Reference, 'kind' | 'specifier'>): string {
  return `${reference.kind} ${reference.specifier}`
}

export function formatOf(file: string, scan: Scan, packages: Packages): ModuleFormat {
  const byExtension = formatOfExtension(file)
  if (byExtension) return byExtension
  const { type } = packages.scopeOf(file)?.json ?? {}
  if (type === 'module' || type === 'commonjs') {
    // A compiler's CommonJS may be written with import and export: it is a module to us.
    return type === 'commonjs' && scan.hasModuleSyntax && !isInPackage(file) ? 'module' : type
  }
  return scan.hasModuleSyntax ? 'module' : 'commonjs'
}

/** Whether a package has code that reads declaration files. */
export function mentionsDeclarations(modules: Trace['modules'], { directory }: Package): boolean {
  for (const [file, { scan }] of modules) {
    if (file.startsWith(`${directory}/`) && /\.d\.[cm]?ts['"`]/.test(scan.text)) return true
  }
  return false
}

/** Whether a module asks for a file by a name that it makes at run time, as far as is known. */
export function mayCompute(module: TracedModule | undefined, file: string): boolean {
  if (!module || module.scan.computed.length === 0) return false
  return ![...module.resolutions.values()].some((found) => found.kind === 'file' && found.file === file)
}
