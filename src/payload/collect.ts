// What the graph names, as the archive will hold it. Graph -> files.

import type { AppGraph, GeneratedFile, KeptFile } from '../graph/graph.ts'
import type { CacheableModule } from './code-cache.ts'
import type { ArchiveFile } from './payload.ts'

export type ReadFile = (file: string) => Uint8Array
/** What was collected before, by what it was made of. */
export type CollectedFiles = WeakMap<KeptFile | GeneratedFile, ArchiveFile>

/** What native code becomes that is mapped from the archive. */
export type MakeMapped = (bytes: Uint8Array) => Uint8Array

export interface CollectOptions {
  readonly asMapped?: MakeMapped
  readonly collected?: CollectedFiles
}

/** The archive's files, still without code caches. */
export function collectFiles(
  { kept, generated }: Pick<AppGraph, 'kept' | 'generated'>,
  read: ReadFile,
  { asMapped = (bytes) => bytes, collected = new WeakMap() }: CollectOptions = {},
): ArchiveFile[] {
  const once = <T extends KeptFile | GeneratedFile>(item: T, make: (item: T) => ArchiveFile) => {
    const file = collected.get(item) ?? make(item)
    collected.set(item, file)
    return file
  }
  return [
    ...kept.map((item) => once(item, (file) => fromKept(file, read, asMapped))),
    ...generated.map((item) => once(item, fromGenerated)),
  ].toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

function fromKept(
  { path, file, format, code, mapped = false, executable = false, content }: KeptFile,
  read: ReadFile,
  asMapped: MakeMapped,
): ArchiveFile {
  const module = format && { format, ...(code !== undefined && { code: Buffer.from(code) }) }
  const bytes = content ?? read(file)
  return { path, data: mapped ? asMapped(bytes) : bytes, mapped, executable, ...(module && { module }) }
}

function fromGenerated({ path, content, format }: GeneratedFile): ArchiveFile {
  return { path, data: Buffer.from(content), ...(format && { module: { format } }) }
}

/** What of them V8 can compile ahead, in order. */
export function cacheableModules(
  files: readonly ArchiveFile[],
): (CacheableModule & { readonly file: ArchiveFile })[] {
  return files.flatMap((file) => {
    const { module } = file
    if (!module) return []
    const { format, code = file.data, isCompiledWhole = false } = module
    return [{ file, format, source: code, isCompiledWhole }]
  })
}

export function withCodeCaches(
  files: readonly ArchiveFile[],
  caches: ReadonlyMap<ArchiveFile, Uint8Array>,
): ArchiveFile[] {
  return files.map((file) => {
    const codeCache = caches.get(file)
    return file.module && codeCache?.length ? { ...file, module: { ...file.module, codeCache } } : file
  })
}
