// Reads what the graph names into memory, as the archive will hold it. Graph -> files.

import { readFileSync } from 'node:fs'

import type { AppGraph, GeneratedFile, KeptFile } from '../graph/graph.ts'
import type { CacheableModule } from './code-cache.ts'
import type { ArchiveFile } from './payload.ts'

/** The archive's files, still without code caches. */
export function collectFiles(graph: AppGraph): ArchiveFile[] {
  return [...graph.kept.map(fromKept), ...graph.generated.map(fromGenerated)].toSorted((a, b) =>
    a.path < b.path ? -1 : 1,
  )
}

function fromKept({
  path,
  file,
  format,
  code,
  mapped = false,
  executable = false,
  content,
}: KeptFile): ArchiveFile {
  const module = format && { format, ...(code !== undefined && { code: Buffer.from(code) }) }
  return { path, data: content ?? readFileSync(file), mapped, executable, ...(module && { module }) }
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
    return [{ file, format: module.format, source: module.code ?? file.data }]
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
