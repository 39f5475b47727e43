// The payload stage with its cache: graph -> archive, with code caches made or found.

import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

import { bundleBootstrap } from './bundle-bootstrap.ts'
import type { Diagnostic } from './base/diagnostics.ts'
import { isLinux, platformOf, type Target } from './base/targets.ts'
import type { ResolvedConfig } from './config/config.ts'
import { OWN_CODE, type NativeCode } from './format/archive.ts'
import type { AppGraph } from './graph/graph.ts'
import type { WorkTree } from './known/git.ts'
import { codeCacheKey, makeCodeCaches } from './payload/code-cache.ts'
import { redirectAddon } from './image/elf/addon-calls.ts'
import {
  cacheableModules,
  collectFiles,
  withCodeCaches,
  type CollectedFiles,
  type ReadFile,
} from './payload/collect.ts'
import { packArchive } from './payload/pack.ts'
import type { ArchiveFile, Payload } from './payload/payload.ts'
import { programInfo, type ProgramFacts } from './program-info.ts'
import type { PreparedTarget } from './prepare-target.ts'
import { cached, fileOf, prune } from './runtimes/cache.ts'
import { runNode } from './runtimes/node-command.ts'

export interface PackOptions {
  /** Ingot's own. */
  readonly version: string
  /** Whose node is to compile the modules, and run them. */
  readonly target: PreparedTarget
  /** Directory of the user's cache. */
  readonly cache: string
  /** How the program's files are read. */
  readonly read: ReadFile
  readonly native: ProgramFacts['native']
  /** Undefined in builds that are not for shipping. */
  readonly tree: Promise<WorkTree | undefined> | undefined
}

export async function packPayload(
  graph: AppGraph,
  config: ResolvedConfig,
  { version, target, cache, read, native, tree }: PackOptions,
): Promise<Payload> {
  const ofProgram = filesOf(graph, read)
  const files = [...ofProgram, ...(await ownCodeFiles(config))]
  const compiled = withCodeCaches(files, await codeCachesOf(files, target, cache))
  const facts = { version, graph, config, target, native, tree: await tree }
  const info = await programInfo(facts, compiled.slice(0, ofProgram.length))
  return packFiles(compiled, graph, config, {
    version,
    info,
    // Elsewhere the launcher looks, by the seal.
    isChecked: !isLinux(config.target),
    native,
    pageSize: target.base.pageSize,
  })
}

/** @param collected of builds before */
export function filesOf(
  graph: AppGraph,
  read: ReadFile,
  collected?: CollectedFiles,
): ReturnType<typeof collectFiles> {
  return collectFiles(graph, read, { asMapped: redirectAddon, ...(collected && { collected }) })
}

/** The parts of the bootstrap that this program needs. */
export async function ownCodeFiles({
  contract,
  tests,
  target,
}: Pick<ResolvedConfig, 'contract' | 'tests' | 'target'>): Promise<ArchiveFile[]> {
  const parts = [
    ...(contract ? (['contract'] as const) : []),
    ...(contract?.contract.enforce ? (['enforcement'] as const) : []),
    ...(tests ? (['tests'] as const) : []),
  ]
  return Promise.all(
    parts.map(async (part) => ({
      path: OWN_CODE[part],
      data: Buffer.from(await bundleBootstrap(part, platformOf(target).os)),
      // Most of it runs in every start.
      module: { format: 'commonjs', isCompiledWhole: true },
    })),
  )
}

/** Ingot's own version, and the build info. */
interface Description {
  readonly version: string
  readonly info: Uint8Array
  /** Whether it has checksums of its own: what is made for a moment does without. */
  readonly isChecked?: boolean
  /** Of the target's base. */
  readonly pageSize?: number | undefined
  /** Of a program that is for more than this machine. */
  readonly native?: ProgramFacts['native']
}

/** Linux has a launcher that serves them from where they are. */
function nativeIn(native: ProgramFacts['native'], target: Target): NativeCode | undefined {
  if (native.length === 0 || isLinux(target)) return undefined
  const hash = createHash('sha256')
  for (const { path, sha256 } of native.toSorted((a, b) => (a.path < b.path ? -1 : 1)))
    hash.update(`${sha256} ${path}\n`)
  return { set: hash.digest('hex').slice(0, 32), files: native.map(({ path }) => path) }
}

/** The archive of files that are collected. */
export function packFiles(
  files: readonly ArchiveFile[],
  { hash, entries, tests, sourceMaps, waitsForReady, links }: AppGraph,
  { contract, fuses, target }: Pick<ResolvedConfig, 'contract' | 'fuses' | 'target'>,
  { version, info, isChecked = false, native = [], pageSize }: Description,
): Payload {
  const onDisk = nativeIn(native, target)
  const manifest = {
    ingot: version,
    graph: hash,
    entries,
    ...(tests && { tests }),
    sourceMaps,
    waitsForReady,
    // Elsewhere they are in the launch table.
    ...(!isLinux(target) && { fuses }),
    ...(onDisk && { native: onDisk }),
    ...(contract && { contract: contract.contract }),
  }
  return packArchive(files, links, manifest, { info, isChecked, pageSize })
}

/** What a build says where nothing runs the target's node. */
export function codeCacheDiagnostics(target: Target, { tools }: PreparedTarget): Diagnostic[] {
  if (tools.target) return []
  const alone = `build on ${target}`
  return [
    {
      severity: 'info',
      code: 'CODE_CACHE_LEFT_OUT',
      message: `nothing here runs node for ${target}: without code caches, a start compiles the program`,
      help: isLinux(target) ? `install qemu-user, or ${alone}` : alone,
    },
  ]
}

/** Each edit makes a new one. */
const KEPT_CODE_CACHES = 64

/** Compiling costs a process and parses everything; the same sources give the same caches. */
async function codeCachesOf(
  files: readonly ArchiveFile[],
  { tools, base }: PreparedTarget,
  cache: string,
): Promise<Map<ArchiveFile, Uint8Array>> {
  const modules = cacheableModules(files)
  const { target: node } = tools
  if (modules.length === 0 || node === undefined || base.flagHash === undefined) return new Map()
  const options = {
    flagHash: Buffer.from(base.flagHash, 'hex'),
    run: (args: readonly string[], input: Uint8Array) => runNode(node, args, { cwd: '/', input }),
  }
  const fill = async (directory: string) => {
    prune('code-cache-', KEPT_CODE_CACHES, cache)
    const caches = await makeCodeCaches(modules, options)
    writeFileSync(path.join(directory, 'sizes.json'), JSON.stringify(caches.map((bytes) => bytes.length)))
    writeFileSync(path.join(directory, 'caches.bin'), Buffer.concat(caches))
  }
  const entry = await cached(`code-cache-${codeCacheKey(modules, options)}`, fill, cache)
  const sizes = JSON.parse(readFileSync(fileOf(entry, 'sizes.json').file, 'utf8')) as number[]
  const bytes = readFileSync(fileOf(entry, 'caches.bin').file)
  let offset = 0
  return new Map(
    modules.map(({ file }, i) => {
      const start = offset
      offset += sizes[i]!
      return [file, bytes.subarray(start, offset)]
    }),
  )
}
