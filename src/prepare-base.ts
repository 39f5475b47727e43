// Makes the base image: everything of an executable that does not depend on the program. It is
// the same for all programs of a user, so it is made once and cached.

import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

import type { Chunk } from './base/bytes.ts'
import { platformOf, type Target } from './base/targets.ts'
import { bundledFile } from './bundle-bootstrap.ts'
import type { PartName } from './format/seal.ts'
import type { BaseImage, LinkedBase } from './image/image.ts'
import { TYPE_STRIPPER, type TypeStripper } from './image/elf/type-stripping.ts'
import { linkPe } from './image/pe/link.ts'
import { readNode } from './cut-icu.ts'
import { launcherOf, linkElf, type ElfInputs } from './link-elf.ts'
import { linkDarwin } from './link-macho.ts'
import { makeBlob } from './make-blob.ts'
import { writeAll } from './output/executable.ts'
import { FLAG_HASH_OFFSET, FLAG_HASH_SIZE } from './payload/v8-cache.ts'
import { hashPart, readHashes, storeHashes, type PartHashes, type StoredHashes } from './seal/hash-part.ts'
import { cached, fileOf, prune } from './runtimes/cache.ts'
import { runNode, type NodeTools } from './runtimes/node-command.ts'
import type { Runtime, SystemLibraries } from './runtimes/runtime.ts'
import { KNOWN_BUILDERS } from './sea-builders.ts'
import { KNOWN_PAGES } from './used-at-start.ts'

/** The base's bytes on disk, what is to be written into them, and what code caches must say. */
export interface PreparedBase extends BaseImage {
  readonly file: string
  /** V8's hash of its flags in the executable, hex; undefined if nothing here can run the target's node. */
  readonly flagHash: string | undefined
  /** node's `process.versions`. */
  readonly components: Readonly<Record<string, string>>
  /** Differs where the bytes do. */
  readonly identity: string
  /** Of the parts that no program changes, by their offset. */
  readonly hashes: ReadonlyMap<number, PartHashes>
}

const HERE = path.dirname(fileURLToPath(import.meta.url))
const LICENSE = path.join(HERE, '../LICENSE')
/** Of 120 MB each, of a target: enough for some projects with runtimes of their own. */
const KEPT_BASES = 4
/** Makes old entries of the cache unused when the linker itself changes. */
const REVISION = 286

export interface BaseInputs {
  readonly target: Target
  readonly runtime: Runtime
  readonly tools: NodeTools
  readonly libraries: SystemLibraries | undefined
  /** Locales to have data of; all without. */
  readonly icu?: readonly string[]
  /** No addon will ask for node's functions in C++, and no code comes from the disk. */
  readonly isWithoutExports: boolean
}

export async function prepareBase(inputs: BaseInputs, cacheRoot: string): Promise<PreparedBase> {
  const { target, runtime, tools, libraries, icu } = inputs
  const ofLinux = libraries && [
    launcherOf(target),
    ...[KNOWN_PAGES, KNOWN_BUILDERS].map((url) => fileURLToPath(url)),
  ]
  const parts = [
    `revision ${REVISION}`,
    `${tools.target ? 'with' : 'without'} code cache`,
    runtime.sha256,
    ...(icu ? [`icu ${icu.join()}`] : []),
    ...(inputs.isWithoutExports ? ['without exports'] : []),
    ...(libraries ? [libraries.loader.sha256] : []),
    ...[...(libraries?.libraries ?? [])].flatMap(([name, { sha256 }]) => [name, sha256]),
    ...[LICENSE, ...(ofLinux ?? []), ...bootstrapSources(target)].map((file) =>
      createHash('sha256').update(readFileSync(file)).digest('hex'),
    ),
  ]
  const key = `base-${target}-${createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 32)}`
  const fill = async (directory: string) => {
    prune(`base-${target}-`, KEPT_BASES, cacheRoot)
    await fillBase(directory, inputs)
  }
  const entry = await cached(key, fill, cacheRoot)
  const facts = JSON.parse(readFileSync(fileOf(entry, 'base.json').file, 'utf8')) as StoredBase
  const hashes = new Map(facts.hashes.map(({ offset, ...stored }) => [offset, readHashes(stored)]))
  return { ...facts, hashes, file: fileOf(entry, 'base.bin').file, identity: key }
}

async function writeChunks(name: string, chunks: readonly Chunk[]): Promise<void> {
  const output = await open(name, 'w')
  try {
    for (const { offset, bytes } of chunks) await writeAll(output, [bytes], offset)
  } finally {
    await output.close()
  }
}

/** Parts that the program changes. */
const CHANGING_PARTS: readonly PartName[] = ['launch table', 'headers', 'bootstrap', 'program']

function hashConstantParts({ starts }: BaseImage, file: string): StoredBase['hashes'] {
  const bytes = readFileSync(file)
  return starts.flatMap(({ name, offset }, i) => {
    if (CHANGING_PARTS.includes(name)) return []
    return [{ offset, ...storeHashes(hashPart(bytes.subarray(offset, starts[i + 1]?.offset))) }]
  })
}

interface StoredBase extends Omit<PreparedBase, 'file' | 'identity' | 'hashes'> {
  readonly hashes: readonly (StoredHashes & { readonly offset: number })[]
}

async function fillBase(directory: string, inputs: BaseInputs): Promise<void> {
  const { flagHash, components, typeStripper } = await askNode(inputs.tools)
  const blob = await makeBlob(directory, { ...inputs, flagHash })
  const licenses = await compressLicenses(directory, inputs)
  const { chunks, base } = linkBase({ ...inputs, blob, licenses, typeStripper })
  await writeChunks(path.join(directory, 'base.bin'), chunks)
  for (const name of readdirSync(directory)) if (name !== 'base.bin') rmSync(path.join(directory, name))
  writeFileSync(
    path.join(directory, 'base.json'),
    JSON.stringify({
      ...base,
      flagHash: flagHash?.toString('hex'),
      components,
      hashes: hashConstantParts(base, path.join(directory, 'base.bin')),
    } satisfies StoredBase),
  )
}

interface LinkInputs extends BaseInputs, Omit<ElfInputs, 'libraries'> {}

function linkBase({ libraries, ...inputs }: LinkInputs): LinkedBase {
  if (libraries) return linkElf({ ...inputs, libraries })
  const { os, cpu: machine } = platformOf(inputs.target)
  const { file } = inputs.runtime
  if (os === 'win32') return linkPe({ ...inputs, machine, node: readNode(file, inputs.icu), file })
  return linkDarwin(inputs)
}

/** Name and file of each licence text: Ingot's, node's, and those of the libraries' packages. */
function licensesOf({ runtime, libraries }: BaseInputs): [name: string, file: string][] {
  const node: [string, string][] = runtime.license === undefined ? [] : [['node', runtime.license]]
  return [
    ['ingot', LICENSE],
    ...node,
    ...(libraries?.licenses ?? []).map((file): [string, string] => [licenseName(file), file]),
  ]
}

/** By a node of the target's version, so that the bytes do not depend on the one that builds. */
async function compressLicenses(directory: string, inputs: BaseInputs): Promise<Uint8Array> {
  // Read here: in an executable that is Ingot, its own licence is nowhere else.
  const texts = licensesOf(inputs).map(([name, file]) => [name, readFileSync(file, 'utf8')])
  writeFileSync(path.join(directory, 'texts'), JSON.stringify(Object.fromEntries(texts)))
  const script = `const params = { [zlib.constants.BROTLI_PARAM_LGWIN]: 24 }
    fs.writeFileSync('licenses', zlib.brotliCompressSync(fs.readFileSync('texts'), { params }))`
  await runNode(inputs.tools.here, ['-e', script], { cwd: directory })
  return readFileSync(path.join(directory, 'licenses'))
}

/** `licenses/libc6` in our cache, `/usr/share/doc/libc6/copyright` on a host. */
function licenseName(file: string): string {
  const name = path.basename(file)
  return name === 'copyright' ? path.basename(path.dirname(file)) : name
}

interface NodeFacts {
  /** What V8 writes into code caches when it runs with no options; undefined if the target's node cannot tell. */
  readonly flagHash: Buffer | undefined
  /** What node is made of. */
  readonly components: Record<string, string>
  /** Only of the target's own, as its code caches are. */
  readonly typeStripper: TypeStripper | undefined
}

/** What only node itself knows. */
async function askNode({ here, target }: NodeTools): Promise<NodeFacts> {
  const script = `let source
    try { source = process.binding("natives")["${TYPE_STRIPPER}"] } catch {}
    process.stdout.write(JSON.stringify({ source, components: process.versions,
      cache: new (require("vm").Script)("0").createCachedData().toString("hex") }))`
  const answer = await runNode(target ?? here, ['-e', script], { cwd: '/' })
  const { components, cache, source } = JSON.parse(answer.toString())
  const codeCache = Buffer.from(cache, 'hex')
  const flagHash = codeCache.subarray(FLAG_HASH_OFFSET, FLAG_HASH_OFFSET + FLAG_HASH_SIZE)
  const typeStripper = source === undefined ? undefined : { source, codeCache }
  return { flagHash: target && flagHash, components, typeStripper: target && typeStripper }
}

/** In the published package it lies here as one file; in a clone it is made from its sources. */
function bootstrapSources(target: Target): string[] {
  const bundled = bundledFile('bootstrap', platformOf(target).os)
  if (existsSync(bundled)) return [bundled]
  const directories = ['bootstrap', 'format'].map((name) => path.join(HERE, name))
  return directories.flatMap((directory) =>
    readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter(
        (name) =>
          name.endsWith('.ts') &&
          !name.endsWith('.test.ts') &&
          !/^(?:contract|development|tests)\//.test(name),
      )
      .toSorted()
      .map((name) => path.join(directory, name)),
  )
}
