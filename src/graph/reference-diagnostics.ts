// What a build says of references in the program's own modules, and in its configuration, that lead nowhere, or anywhere.

import { existsSync } from 'node:fs'
import path from 'node:path'

import { BuildError, type Diagnostic } from '../base/diagnostics.ts'
import { nearest } from '../base/nearest.ts'
import type { ResolvedConfig } from '../config/config.ts'
import type { Contract } from '../format/contract.ts'
import { packageNameOf, type EdgeKind } from './resolve.ts'
import type { Reference, Scan } from './scan.ts'
import { placeOf } from './source.ts'

/** By file, as a module is looked at again when more is known. */
export class Findings {
  readonly #byFile = new Map<string, Diagnostic[]>()
  readonly #hasIncludes: boolean
  /** Modules that a traced run has seen at work: what they compute is known from there. */
  readonly #evaluated: ReadonlySet<string>

  constructor({ include, trace }: Pick<ResolvedConfig, 'include' | 'trace'>) {
    this.#hasIncludes = include.length > 0
    this.#evaluated = new Set(trace?.modules.map(({ file }) => file))
  }

  get all(): Diagnostic[] {
    return [...this.#byFile.values()].flat()
  }

  /** Forgets what was found in a module. */
  begin(file: string): void {
    this.#byFile.set(file, [])
  }

  /**
   * @param severity how much the program needs it, as far as is known
   * @throws BuildError UNRESOLVED_IMPORT if the program could not start
   */
  missing(module: ScannedModule, reference: Reference, severity: 'error' | 'warning' | 'info'): void {
    this.#byFile.get(module.file)!.push(missingReference(module, reference, severity))
  }

  /** For information only once the program has said what it includes, or has been traced. */
  computed({ file, scan }: ScannedModule, kind: EdgeKind, start: number): void {
    const severity = this.#hasIncludes || this.#evaluated.has(file) ? 'info' : 'warning'
    this.#byFile.get(file)!.push(computedReference(file, scan, { kind, start }, severity))
  }

  /** Of a file as a whole, or the configuration. */
  mistake(diagnostic: Diagnostic): void {
    const file = diagnostic.at?.file ?? ''
    this.#byFile.set(file, [...(this.#byFile.get(file) ?? []), diagnostic])
  }
}

interface ScannedModule {
  readonly file: string
  readonly scan: Scan
}

function missingReference(
  { file, scan }: ScannedModule,
  { specifier, start, optional }: Reference,
  severity: 'error' | 'warning' | 'info',
): Diagnostic {
  const at = placeOf(file, scan.text, start)
  const help = /^[./]/.test(specifier) ? 'correct the path' : helpWithPackage(specifier, file)
  if (!optional && severity === 'error')
    throw new BuildError('UNRESOLVED_IMPORT', `cannot find '${specifier}'`, { at, help })
  return {
    severity: severity === 'info' ? 'info' : 'warning',
    code: 'UNRESOLVED_IMPORT',
    message: `cannot find '${specifier}'; it will fail when it runs`,
    at,
    help,
  }
}

function helpWithPackage(specifier: string, file: string): string {
  // Yarn Plug'n'Play: in archives, which only its own loader reads.
  if (isBelow('.pnp.cjs', path.dirname(file)))
    return 'keep packages in directories: "nodeLinker: node-modules" in .yarnrc.yml, then yarn install'
  return `install it (npm install ${packageNameOf(specifier) ?? specifier}), or list it under "external" if the program can do without it`
}

/** Whether a file of that name is in the directory or one above. */
function isBelow(name: string, directory: string): boolean {
  const above = path.dirname(directory)
  return existsSync(path.join(directory, name)) || (above !== directory && isBelow(name, above))
}

/** Of a mistake in a file that may have some. */
export function asWarning({ code, message, at, help }: BuildError): Diagnostic {
  return { severity: 'warning', code, message, ...(at && { at }), ...(help && { help }) }
}

function computedReference(
  file: string,
  scan: Scan,
  { kind, start }: { readonly kind: EdgeKind; readonly start: number },
  severity: 'info' | 'warning',
): Diagnostic {
  return {
    severity,
    code: kind === 'require' ? 'DYNAMIC_REQUIRE' : 'DYNAMIC_IMPORT',
    message: `the argument of ${kind}() is known only at run time`,
    at: placeOf(file, scan.text, start),
    help: 'if it names files of the program, embed them: "include": ["plugins/**"] in the config, or --include; `ingot trace` shows what it loads',
  }
}

/** What the program's own modules ask the environment for, and the contract does not have. */
export function undeclaredVariables(
  modules: Iterable<ScannedModule>,
  { env }: Pick<Contract, 'env'>,
): Diagnostic[] {
  const declared = Object.keys(env)
  if (declared.length === 0) return []
  return [...modules].flatMap(({ file, scan }) =>
    scan.variables
      .filter(({ name }) => !declared.includes(name))
      .map(({ name, start }): Diagnostic => {
        const meant = nearest(name, declared)
        return {
          severity: 'warning',
          code: 'CONTRACT_UNDECLARED',
          message: `the contract does not declare ${name}`,
          at: placeOf(file, scan.text, start),
          help:
            meant === undefined
              ? `declare it: contract: { env: { ${name}: { … } } }`
              : `declare it, or is ${meant} meant?`,
        }
      }),
  )
}

export function emptyInclude(pattern: string): Diagnostic {
  return {
    severity: 'warning',
    code: 'INCLUDE_EMPTY',
    message: `nothing matches the include '${pattern}'`,
    help: 'correct the pattern, or remove it',
  }
}
