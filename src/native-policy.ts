// Native code is treated as cgo is: it is allowed, but it is listed, judged, and can be refused.

import { readFileSync } from 'node:fs'
import path from 'node:path'

import { BuildError, type Diagnostic } from './base/diagnostics.ts'
import type { ResolvedConfig } from './config/config.ts'
import type { AppGraph } from './graph/graph.ts'
import { packageInPath } from './base/package-in-path.ts'
import type { NativeInfo } from './format/build-info.ts'
import { readDynamic } from './image/elf/dynamic.ts'
import { inspectNativeCode } from './image/elf/native-code.ts'
import { readElf } from './image/elf/read.ts'
import { nativeHashes } from './native-hashes.ts'
import { stampOf } from './runtimes/cache.ts'
import type { SystemLibraries } from './runtimes/runtime.ts'

/** What native code has to fit to: the libraries beside it, and node's ABI. */
export interface NativeTarget {
  /** Undefined: they are the system's, and not known. */
  readonly libraries: SystemLibraries | undefined
  readonly base: {
    readonly components: Readonly<Record<string, string>>
  }
}

/**
 * Lists the program's native code.
 * @param cache directory of the user's cache
 * @throws BuildError NATIVE_DENIED, CONTRACT_NATIVE, NATIVE_VERSION
 */
export function judgeNativeCode(
  graph: AppGraph,
  { native, contract }: Pick<ResolvedConfig, 'native' | 'contract'>,
  { libraries, base: { components } }: NativeTarget,
  cache: string,
): { native: NativeInfo[]; diagnostics: readonly Diagnostic[] } {
  const files = graph.kept.filter((file) => file.mapped)
  if (files.length === 0) return { native: [], diagnostics: [] }
  for (const { path } of files) if (!isAllowed(packageOf(path), native)) throw denied(graph, path)
  if (contract?.contract.native === false) throw undeclared(graph, files[0]!.path, contract.file)

  const inside = files.map(({ path, file, content }) => ({
    path,
    file,
    package: packageOf(path),
    stamp: content ? undefined : stampOf(file),
    bytes: content ?? readFileSync(file),
  }))
  const hashes = nativeHashes(inside, graph.root, cache)
  const { code, diagnostics } = libraries
    ? inspectNativeCode(inside, {
        system: versionsOf(libraries),
        moduleVersion: components['modules'] ?? '',
      })
    : { code: inside.map(({ path }) => ({ path, needs: [], versions: [] })), diagnostics: [] }
  return {
    native: code.map(({ path, needs, versions }, i) => ({
      path,
      package: packageOf(path),
      sha256: hashes[i]!,
      size: inside[i]!.bytes.length,
      needs,
      versions,
      chain: chainOf(graph, path),
    })),
    diagnostics,
  }
}

/** SONAME -> symbol versions that it defines. */
function versionsOf({ libraries, loader }: SystemLibraries): Map<string, ReadonlySet<string>> {
  const files = [...libraries].map(([soname, { file }]): [string, string] => [soname, file])
  return new Map(
    [...files, [path.basename(loader.file), loader.file] as const].map(([soname, file]) => [
      soname,
      readDynamic(readElf(readFileSync(file), file)).definedVersions,
    ]),
  )
}

/** What leads from the program to a path, the program first. */
export function chainOf(graph: AppGraph, path: string): string[] {
  const chain = [path]
  for (
    let next = graph.origins.get(path)?.from;
    next !== undefined && !chain.includes(next);
    next = graph.origins.get(next)?.from
  ) {
    chain.unshift(next)
  }
  return chain
}

export function packageOf(path: string): string {
  return packageInPath(path)?.name ?? 'the program itself'
}

function isAllowed(name: string, policy: ResolvedConfig['native']): boolean {
  if (policy === 'allow') return true
  return policy !== 'deny' && policy.includes(name)
}

function undeclared(graph: AppGraph, path: string, configFile: string): BuildError {
  const chain = chainOf(graph, path).join(' -> ')
  return new BuildError('CONTRACT_NATIVE', `native code is inside, and not in the contract: ${chain}`, {
    at: { file: configFile },
    help: 'write "native: true" in the contract (the default, unless it is enforced), or leave the package out',
  })
}

/** Packages that do the same in JavaScript or WebAssembly. */
const PURE_ALTERNATIVES: Record<string, string> = {
  bcrypt: 'bcryptjs',
  argon2: '@noble/hashes (argon2)',
  '@node-rs/argon2': '@noble/hashes (argon2)',
  '@node-rs/bcrypt': 'bcryptjs',
  sqlite3: 'node:sqlite',
  'better-sqlite3': 'node:sqlite',
  'sodium-native': 'libsodium-wrappers',
  bufferutil: 'ws without it',
  'utf-8-validate': 'ws without it',
  esbuild: 'esbuild-wasm',
  re2: 're2-wasm',
  'node-sass': 'sass',
  canvas: '@napi-rs/canvas is native too; pureimage is not',
}

function denied(graph: AppGraph, path: string): BuildError {
  const name = packageOf(path)
  const chain = chainOf(graph, path)
  const owners = chain.map(packageOf)
  const alternative = owners.map((owner) => PURE_ALTERNATIVES[owner]).find(Boolean)
  const instead = alternative === undefined ? '' : `, or use ${alternative} instead`
  return new BuildError('NATIVE_DENIED', `native code of ${name} is not allowed: ${chain.join(' -> ')}`, {
    at: { file: path },
    help: `add "${name}" to "native" in the config${instead}`,
  })
}
