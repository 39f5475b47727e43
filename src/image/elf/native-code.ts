// Judges the native code of a program before it ships: what each file links to, and whether the
// libraries in the executable have it. What is wrong here would be a crash in production.

import { BuildError, type Diagnostic } from '../../base/diagnostics.ts'
import { readDynamic, type DynamicInfo } from './dynamic.ts'
import { readElf } from './read.ts'

export interface NativeFile {
  /** For messages. */
  readonly file: string
  /** In the executable. */
  readonly path: string
  readonly bytes: Uint8Array
}

export interface NativeCode {
  readonly path: string
  /** SONAMEs it links to. */
  readonly needs: readonly string[]
}

export interface NativeReport {
  readonly code: readonly NativeCode[]
  readonly diagnostics: readonly Diagnostic[]
}

/** @param system the libraries in the executable: SONAME -> versions they define */
export function inspectNativeCode(
  files: readonly NativeFile[],
  system: ReadonlyMap<string, ReadonlySet<string>>,
): NativeReport {
  const inspected = files.map((file) => ({ file, info: readDynamic(readElf(file.bytes, file.file)) }))
  const own = new Set(
    inspected.map(({ file, info }) => info.soname ?? file.path.slice(file.path.lastIndexOf('/') + 1)),
  )
  const diagnostics: Diagnostic[] = []
  for (const { file, info } of inspected) {
    checkVersions(file, info, system)
    const missing = info.needed.filter((name) => !system.has(name) && !own.has(name))
    // musl's libc: a variant for another system, which its package will not choose here.
    if (missing.length === 0 || missing.some((name) => name.startsWith('libc.musl'))) continue
    diagnostics.push({
      severity: 'warning',
      code: 'NATIVE_LIBRARY_MISSING',
      message: `it links to ${missing.join(', ')}, which the executable does not have`,
      at: { file: file.file },
      help: 'embed the library beside it ("include"), or use a build of the package that brings it along',
    })
  }
  return { code: inspected.map(({ file, info }) => ({ path: file.path, needs: info.needed })), diagnostics }
}

function checkVersions(
  file: NativeFile,
  info: DynamicInfo,
  system: ReadonlyMap<string, ReadonlySet<string>>,
): void {
  for (const [soname, versions] of info.neededVersions) {
    const defined = system.get(soname)
    const missing = versions.filter((version) => defined !== undefined && !defined.has(version))
    if (missing.length === 0) continue
    const family = missing[0]!.replace(/_[^_]*$/, '_')
    const numbered = [...defined!].filter((name) => name.startsWith(family) && /\d$/.test(name))
    const newest = numbered.toSorted(byVersion).at(-1)
    throw new BuildError(
      'NATIVE_VERSION',
      `it needs ${missing.join(', ')} of ${soname}, the executable has ${newest ?? 'another one'}`,
      {
        at: { file: file.file },
        help: 'use a version of the package that is built for an older system (Debian 12 or before), or leave it out with "external"',
      },
    )
  }
}

function byVersion(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}
