// What a build says of references in the program's own modules, and in its configuration, that lead nowhere, or anywhere.

import { BuildError, type Diagnostic } from '../base/diagnostics.ts'
import { nearest } from '../base/nearest.ts'
import type { Contract } from '../format/contract.ts'
import { packageNameOf, type EdgeKind } from './resolve.ts'
import type { Reference, Scan } from './scan.ts'
import { placeOf } from './source.ts'

/**
 * @param mayBeWrong the file is not known to be part of the program
 * @throws BuildError UNRESOLVED_IMPORT if the program could not start
 */
export function missingReference(
  file: string,
  scan: Scan,
  { specifier, start, optional }: Reference,
  mayBeWrong: boolean,
): Diagnostic {
  const at = placeOf(file, scan.text, start)
  const help = /^[./]/.test(specifier)
    ? 'correct the path'
    : `install it (npm install ${packageNameOf(specifier) ?? specifier}), or list it under "external" if the program can do without it`
  if (!optional && !mayBeWrong)
    throw new BuildError('UNRESOLVED_IMPORT', `cannot find '${specifier}'`, { at, help })
  return {
    severity: 'warning',
    code: 'UNRESOLVED_IMPORT',
    message: `cannot find '${specifier}'; it will fail when it runs`,
    at,
    help,
  }
}

/** Of a mistake in a file that may have some. */
export function asWarning({ code, message, at, help }: BuildError): Diagnostic {
  return { severity: 'warning', code, message, ...(at && { at }), ...(help && { help }) }
}

/** @param severity info once the program has said what it includes, or has been traced */
export function computedReference(
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
  modules: Iterable<{ readonly file: string; readonly scan: Scan }>,
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
