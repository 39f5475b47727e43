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
  /** Whose it is. */
  readonly package: string
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

/**
 * @param system the libraries in the executable: SONAME -> versions they define
 * @throws BuildError NATIVE_VERSION if all of a package's files need a newer system
 */
export function inspectNativeCode(
  files: readonly NativeFile[],
  system: ReadonlyMap<string, ReadonlySet<string>>,
): NativeReport {
  const inspected = files.map((file) => inspect(file, system))
  const own = new Set(inspected.flatMap(({ file, info }) => [info.soname ?? '', baseName(file.path)]))
  const diagnostics: Diagnostic[] = []
  for (const { file, info, isForMusl, tooNew } of inspected) {
    const place = { at: { file: file.file } }
    if (tooNew !== undefined) {
      // Packages bring variants along, for older systems too, and choose when they are loaded.
      const others = inspected.filter((other) => other.file.package === file.package)
      const isHopeless = others.every((other) => other.tooNew !== undefined || other.isForMusl)
      const finding = { message: tooNew, help: OLDER_SYSTEM, ...place }
      if (isHopeless) throw new BuildError('NATIVE_VERSION', finding.message, finding)
      diagnostics.push({ severity: 'info', code: 'NATIVE_VERSION', ...finding })
    }
    const missing = info.needed.filter((name) => !system.has(name) && !own.has(name))
    if (missing.length === 0 || isForMusl) continue
    diagnostics.push({
      severity: 'warning',
      code: 'NATIVE_LIBRARY_MISSING',
      message: `it links to ${missing.join(', ')}, which the executable does not have`,
      help: 'embed the library beside it ("include"), or use a build of the package that brings it along',
      ...place,
    })
  }
  return { code: inspected.map(({ file, info }) => ({ path: file.path, needs: info.needed })), diagnostics }
}

const OLDER_SYSTEM =
  'use a version of the package that is built for an older system (Debian 12 or before), or leave it out with "external"'

interface Inspected {
  readonly file: NativeFile
  readonly info: DynamicInfo
  /** A variant for another system, which its package does not choose here. */
  readonly isForMusl: boolean
  /** What it needs and the executable does not have. */
  readonly tooNew: string | undefined
}

function inspect(file: NativeFile, system: ReadonlyMap<string, ReadonlySet<string>>): Inspected {
  const info = readDynamic(readElf(file.bytes, file.file))
  const isForMusl = info.needed.some((name) => name.startsWith('libc.musl'))
  return { file, info, isForMusl, tooNew: missingVersions(info, system) }
}

function missingVersions(
  info: DynamicInfo,
  system: ReadonlyMap<string, ReadonlySet<string>>,
): string | undefined {
  for (const [soname, versions] of info.neededVersions) {
    const defined = system.get(soname)
    const missing = versions.filter((version) => defined !== undefined && !defined.has(version))
    if (missing.length === 0) continue
    const family = missing[0]!.replace(/_[^_]*$/, '_')
    const numbered = [...defined!].filter((name) => name.startsWith(family) && /\d$/.test(name))
    const newest = numbered.toSorted(byVersion).at(-1) ?? 'another one'
    return `it needs ${missing.join(', ')} of ${soname}, the executable has ${newest}`
  }
  return undefined
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function byVersion(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}
