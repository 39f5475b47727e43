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
  /** Symbol versions that it needs of libraries that the executable has. */
  readonly versions: readonly string[]
}

export interface NativeReport {
  readonly code: readonly NativeCode[]
  readonly diagnostics: readonly Diagnostic[]
}

/** What the executable has for native code. */
export interface NativeHost {
  /** Its libraries: SONAME -> versions they define. */
  readonly system: ReadonlyMap<string, ReadonlySet<string>>
  /** NODE_MODULE_VERSION of its node. */
  readonly moduleVersion: string
}

/** @throws BuildError NATIVE_VERSION if none of a package's files can be loaded */
export function inspectNativeCode(files: readonly NativeFile[], host: NativeHost): NativeReport {
  const { system } = host
  const inspected = files.map((file) => inspect(file, host))
  const own = new Set(inspected.flatMap(({ file, info }) => [info.soname ?? '', baseName(file.path)]))
  const diagnostics: Diagnostic[] = []
  for (const { file, info, isForMusl, unfit } of inspected) {
    const place = { at: { file: file.file } }
    if (unfit !== undefined) {
      // Packages bring variants along, for older systems too, and choose when they are loaded.
      const others = inspected.filter((other) => other.isAddon && other.file.package === file.package)
      const isHopeless = others.every((other) => other.unfit !== undefined || other.isForMusl)
      const finding = { ...unfit, ...place }
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
  const code = inspected.map(({ file, info }) => ({
    path: file.path,
    needs: info.needed,
    versions: versionsOf(info, system),
  }))
  return { code, diagnostics }
}

function versionsOf({ neededVersions }: DynamicInfo, system: NativeHost['system']): string[] {
  const known = [...neededVersions].filter(([soname]) => system.has(soname))
  return [...new Set(known.flatMap(([, versions]) => versions))].toSorted(byVersion)
}

interface Unfit {
  readonly message: string
  readonly help: string
}

const OLDER_SYSTEM =
  'use a version of the package that is built for an older system (Debian 12 or before), or leave it out with "external"'

interface Inspected {
  readonly file: NativeFile
  readonly info: DynamicInfo
  /** A variant for another system, which its package does not choose here. */
  readonly isForMusl: boolean
  /** Node loads it; other shared objects are loaded by addons. */
  readonly isAddon: boolean
  /** Why the executable could not load it. */
  readonly unfit: Unfit | undefined
}

function inspect(file: NativeFile, { system, moduleVersion }: NativeHost): Inspected {
  const info = readDynamic(readElf(file.bytes, file.file))
  // The name of the file in Alpine, or the one that musl's linker gives; glibc's is libc.so.6.
  const isForMusl = info.needed.some((name) => name.startsWith('libc.musl') || name === 'libc.so')
  const isAddon = ADDON_ENTRIES.some((entry) => textOf(file).includes(entry))
  return {
    file,
    info,
    isForMusl,
    isAddon,
    unfit: missingVersions(info, system) ?? otherAbi(file, moduleVersion),
  }
}

/** Addons that do not use Node-API are for one NODE_MODULE_VERSION, and their entry's name says which. */
function otherAbi(file: NativeFile, moduleVersion: string): Unfit | undefined {
  const text = textOf(file)
  const at = text.indexOf(ADDON_ENTRY)
  if (at === -1) return undefined
  const digits = /^\d+/.exec(
    text.toString('latin1', at + ADDON_ENTRY.length, at + ADDON_ENTRY.length + 8),
  )?.[0]
  if (digits === undefined || digits === moduleVersion) return undefined
  return {
    message: `it was compiled for NODE_MODULE_VERSION ${digits}, the executable's node has ${moduleVersion}`,
    help: "compile it for the executable's node: run `npm rebuild` with that node first on the PATH",
  }
}

function textOf({ bytes }: NativeFile): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

const ADDON_ENTRY = 'node_register_module_v'
const ADDON_ENTRIES = [ADDON_ENTRY, 'napi_register_module_v']

function missingVersions(
  info: DynamicInfo,
  system: ReadonlyMap<string, ReadonlySet<string>>,
): Unfit | undefined {
  for (const [soname, versions] of info.neededVersions) {
    const defined = system.get(soname)
    const missing = versions.filter((version) => defined !== undefined && !defined.has(version))
    if (missing.length === 0) continue
    const family = missing[0]!.replace(/_[^_]*$/, '_')
    const numbered = [...defined!].filter((name) => name.startsWith(family) && /\d$/.test(name))
    const newest = numbered.toSorted(byVersion).at(-1) ?? 'another one'
    const message = `it needs ${missing.join(', ')} of ${soname}, the executable has ${newest}`
    return { message, help: OLDER_SYSTEM }
  }
  return undefined
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function byVersion(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}
