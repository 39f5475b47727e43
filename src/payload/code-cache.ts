// V8 code caches for the program's modules, so that a start does not parse them again.

import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'

import { FLAG_HASH_OFFSET, FLAG_HASH_SIZE } from './v8-cache.ts'

export interface CacheableModule {
  readonly format: 'commonjs' | 'module'
  readonly source: Uint8Array
  readonly isCompiledWhole: boolean
}

export interface CodeCacheOptions {
  /** Runs a node of the target with these arguments and this input; gives what it says. */
  readonly run: (args: readonly string[], input: Uint8Array) => Promise<Buffer>
  /** V8's hash of its flags when the executable runs: a cache made under other flags is refused. */
  readonly flagHash: Uint8Array
}

/** The same options that make the cache deterministic; none changes the bytecode. */
export const DETERMINISTIC_FLAGS = ['--hash-seed=1']

/** What the caches depend on besides V8, and who makes them: name for a cache of them. */
export function codeCacheKey(
  modules: readonly CacheableModule[],
  { flagHash }: Pick<CodeCacheOptions, 'flagHash'>,
): string {
  const hash = createHash('sha256').update(flagHash).update(readWorker().text)
  for (const { format, source, isCompiledWhole } of modules)
    hash.update(`${format} ${isCompiledWhole} ${source.length} `).update(source)
  return hash.digest('hex')
}

/** One cache per module, in order; empty where the source does not compile. */
export async function makeCodeCaches(
  modules: readonly CacheableModule[],
  options: CodeCacheOptions,
): Promise<Uint8Array[]> {
  const flags = [...DETERMINISTIC_FLAGS, '--experimental-vm-modules', '--no-warnings']
  const args = [...flags, '--input-type=module', '--eval', workerSource()]
  const output = await options.run(args, encode(modules))
  const caches: Uint8Array[] = []
  for (let offset = 0; caches.length < modules.length;) {
    const size = output.readUInt32LE(offset)
    const cache = output.subarray(offset + 4, offset + 4 + size)
    if (size > 0) cache.set(options.flagHash.subarray(0, FLAG_HASH_SIZE), FLAG_HASH_OFFSET)
    caches.push(cache)
    offset += 4 + size
  }
  return caches
}

function encode(modules: readonly CacheableModule[]): Buffer {
  const count = Buffer.alloc(4)
  count.writeUInt32LE(modules.length)
  const parts: Uint8Array[] = [count]
  for (const { format, source, isCompiledWhole } of modules) {
    const header = Buffer.alloc(6)
    header.writeUInt8(format === 'module' ? 1 : 0)
    header.writeUInt8(isCompiledWhole ? 1 : 0, 1)
    header.writeUInt32LE(source.length, 2)
    parts.push(header, source)
  }
  return Buffer.concat(parts)
}

/** Beside this file in a clone, beside the bundle in the published package. */
function readWorker(): { readonly text: string; readonly isTypeScript: boolean } {
  const source = fileURLToPath(new URL('./code-cache-worker.ts', import.meta.url))
  if (existsSync(source)) return { text: readFileSync(source, 'utf8'), isTypeScript: true }
  const bundled = fileURLToPath(new URL('./code-cache-worker.js', import.meta.url))
  return { text: readFileSync(bundled, 'utf8'), isTypeScript: false }
}

/**
 * Always evaluated, and always as JavaScript: V8 counts the functions of a process, node's own for loading a file among
 * them, and a code cache has such numbers in it.
 */
function workerSource(): string {
  const { text, isTypeScript } = readWorker()
  return isTypeScript ? stripTypeScriptTypes(text) : text
}
