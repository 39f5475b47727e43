// Makes the base image: everything of an executable that does not depend on the program. It is
// the same for all programs of a user, so it is made once and cached.

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import type { Chunk } from './base/bytes.ts'
import { BuildError } from './base/diagnostics.ts'
import { bundleBootstrap } from './bundle-bootstrap.ts'
import {
  BOOTSTRAP_ASSET,
  BOOTSTRAP_CACHE_ASSET,
  BOOTSTRAP_FILE,
  BOOTSTRAP_PARAMETERS,
  bootScript,
} from './format/boot.ts'
import type { PartName } from './format/seal.ts'
import { LICENSES } from './format/licenses.ts'
import { OWN_OPTIONS } from './format/own-options.ts'
import { linkBaseImage } from './image/elf/base-image.ts'
import { readLauncher } from './image/elf/launcher.ts'
import { redirectLibc } from './image/elf/libc.ts'
import { readElf } from './image/elf/read.ts'
import type { BaseImage } from './image/image.ts'
import { PAYLOAD_ASSET, readSeaBlob, type SeaBlob } from './image/sea.ts'
import { writeAll } from './output/executable.ts'
import { DETERMINISTIC_FLAGS } from './payload/code-cache.ts'
import { packArchive } from './payload/pack.ts'
import type { ArchiveFile } from './payload/payload.ts'
import { FLAG_HASH_OFFSET, FLAG_HASH_SIZE } from './payload/v8-cache.ts'
import { hashPart, type PartHashes } from './seal/hash-part.ts'
import { cached, fileOf, prune } from './runtimes/cache.ts'
import type { Runtime, SystemLibraries } from './runtimes/runtime.ts'
import { KNOWN_PAGES, usedAtStart } from './used-at-start.ts'

/** The base's bytes on disk, what is to be written into them, and what code caches must say. */
export interface PreparedBase extends BaseImage {
  readonly file: string
  /** V8's hash of its flags in the executable, hex. */
  readonly flagHash: string
  /** node's `process.versions`. */
  readonly components: Readonly<Record<string, string>>
  /** Differs where the bytes do. */
  readonly identity: string
  /** Of the parts that no program changes, by their offset. */
  readonly hashes: ReadonlyMap<number, PartHashes>
}

const HERE = path.dirname(fileURLToPath(import.meta.url))
const LAUNCHER = path.join(HERE, '../launcher/prebuilt/linux-x64/launcher.bin')
const LICENSE = path.join(HERE, '../LICENSE')
/** In the published package it lies here as one file; in a clone it is made from its sources. */
const BUNDLED_BOOTSTRAP = path.join(HERE, 'bootstrap.js')
/** Of 120 MB each: enough for some projects with runtimes of their own. */
const KEPT_BASES = 6
/** Makes old entries of the cache unused when the linker itself changes. */
const REVISION = 127

export async function prepareBase(
  runtime: Runtime,
  libraries: SystemLibraries,
  cacheRoot: string,
): Promise<PreparedBase> {
  const inputs = [
    `revision ${REVISION}`,
    runtime.sha256,
    libraries.loader.sha256,
    ...[...libraries.libraries].flatMap(([name, { sha256 }]) => [name, sha256]),
    ...[LAUNCHER, LICENSE, fileURLToPath(KNOWN_PAGES), ...bootstrapSources()].map((file) =>
      createHash('sha256').update(readFileSync(file)).digest('hex'),
    ),
  ]
  const key = `base-linux-x64-${createHash('sha256').update(inputs.join('\n')).digest('hex').slice(0, 32)}`
  const fill = async (directory: string) => {
    prune('base-', KEPT_BASES, cacheRoot)
    await fillBase(directory, runtime, libraries)
  }
  const entry = await cached(key, fill, cacheRoot)
  const facts = JSON.parse(readFileSync(fileOf(entry, 'base.json').file, 'utf8')) as StoredBase
  const hashes = new Map(
    facts.hashes.map(({ offset, hashes, checksums }) => [
      offset,
      { hashes: hashes.map((hash) => Buffer.from(hash, 'base64')), checksums: checksums.map(BigInt) },
    ]),
  )
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

/** In the archive of libraries, for launcher/verify.c. */
const VERIFIED_AT_START = 'verified-at-start'

/** Parts that the program changes. */
const CHANGING_PARTS: readonly PartName[] = ['launch table', 'bootstrap', 'program']

function hashConstantParts({ starts }: BaseImage, file: string): StoredBase['hashes'] {
  const bytes = readFileSync(file)
  return starts.flatMap(({ name, offset }, i) => {
    if (CHANGING_PARTS.includes(name)) return []
    const { hashes, checksums } = hashPart(bytes.subarray(offset, starts[i + 1]?.offset))
    return [
      {
        offset,
        hashes: hashes.map((hash) => Buffer.from(hash).toString('base64')),
        checksums: checksums.map(String),
      },
    ]
  })
}

interface StoredBase extends Omit<PreparedBase, 'file' | 'identity' | 'hashes'> {
  readonly hashes: readonly {
    readonly offset: number
    readonly hashes: readonly string[]
    readonly checksums: readonly string[]
  }[]
}

async function fillBase(directory: string, runtime: Runtime, libraries: SystemLibraries): Promise<void> {
  const { flagHash, components } = await askNode(runtime.file)
  const blob = await makeBlob(directory, runtime.file, flagHash)
  const launcher = readLauncher(readFileSync(LAUNCHER), LAUNCHER)
  const contentOf = (name: string, file: string) => {
    const bytes = readFileSync(file)
    return name === 'libc.so.6' ? redirectLibc(readElf(bytes, file), launcher) : bytes
  }
  const files = [
    ...[...libraries.libraries].map(([name, { file }]) => ({
      path: name,
      data: contentOf(name, file),
      mapped: true,
    })),
    // The LGPL of glibc asks that its text comes along.
    { path: LICENSES, data: await compressLicenses(directory, runtime, libraries) },
  ]
  const node = readElf(readFileSync(runtime.file), runtime.file)
  const loader = readElf(readFileSync(libraries.loader.file), libraries.loader.file)
  const link = (more: readonly ArchiveFile[]) => {
    const manifest = { ingot: '', entries: [], sourceMaps: false }
    const system = Buffer.concat(packArchive([...files, ...more], [], manifest).chunks)
    return linkBaseImage({ node, loader, launcher, system, blob })
  }
  // The first chunk is node. It lies before these archives, so it is the same in the second base.
  const used = usedAtStart(node, link([]).chunks[0]!.bytes, runtime.sha256)
  const { chunks, base } = link([{ path: VERIFIED_AT_START, data: used }])
  await writeChunks(path.join(directory, 'base.bin'), chunks)
  for (const name of readdirSync(directory)) if (name !== 'base.bin') rmSync(path.join(directory, name))
  writeFileSync(
    path.join(directory, 'base.json'),
    JSON.stringify({
      ...base,
      flagHash: flagHash.toString('hex'),
      components,
      hashes: hashConstantParts(base, path.join(directory, 'base.bin')),
    } satisfies StoredBase),
  )
}

/** Name and file of each licence text: Ingot's, node's, and those of the libraries' packages. */
function licensesOf(runtime: Runtime, libraries: SystemLibraries): [name: string, file: string][] {
  const node: [string, string][] = runtime.license === undefined ? [] : [['node', runtime.license]]
  return [
    ['ingot', LICENSE],
    ...node,
    ...libraries.licenses.map((file): [string, string] => [licenseName(file), file]),
  ]
}

/** By the target's own node, so that the bytes do not depend on the one that builds. */
async function compressLicenses(
  directory: string,
  runtime: Runtime,
  libraries: SystemLibraries,
): Promise<Uint8Array> {
  // Read here: in an executable that is Ingot, its own licence is nowhere else.
  const texts = licensesOf(runtime, libraries).map(([name, file]) => [name, readFileSync(file, 'utf8')])
  writeFileSync(path.join(directory, 'texts'), JSON.stringify(Object.fromEntries(texts)))
  const script = `const params = { [zlib.constants.BROTLI_PARAM_LGWIN]: 24 }
    fs.writeFileSync('licenses', zlib.brotliCompressSync(fs.readFileSync('texts'), { params }))`
  await runNode(runtime.file, ['-e', script], directory)
  return readFileSync(path.join(directory, 'licenses'))
}

/** `licenses/libc6` in our cache, `/usr/share/doc/libc6/copyright` on a host. */
function licenseName(file: string): string {
  const name = path.basename(file)
  return name === 'copyright' ? path.basename(path.dirname(file)) : name
}

/** The blob with our bootstrap as its main script, as the target's own node makes it. */
async function makeBlob(directory: string, node: string, flagHash: Buffer): Promise<SeaBlob> {
  const at = (name: string) => path.join(directory, name)
  writeFileSync(at('main.js'), bootScript('undefined'))
  writeFileSync(at(BOOTSTRAP_FILE), await bundleBootstrap('bootstrap'))
  writeFileSync(at('empty'), '')
  await runNode(
    node,
    // Compiled as a whole: a start would otherwise compile function after function.
    [
      ...DETERMINISTIC_FLAGS,
      '--no-lazy',
      '-e',
      COMPILE,
      BOOTSTRAP_FILE,
      BOOTSTRAP_CACHE_ASSET,
      ...BOOTSTRAP_PARAMETERS,
    ],
    directory,
  )
  const cache = readFileSync(at(BOOTSTRAP_CACHE_ASSET))
  cache.set(flagHash, FLAG_HASH_OFFSET)
  writeFileSync(at(BOOTSTRAP_CACHE_ASSET), cache)
  writeFileSync(
    at('sea.json'),
    JSON.stringify({
      main: 'main.js',
      output: 'sea.blob',
      disableExperimentalSEAWarning: true,
      // Assets, as node's own place for a code cache is out of a worker's reach.
      assets: {
        [PAYLOAD_ASSET]: 'empty',
        [BOOTSTRAP_ASSET]: BOOTSTRAP_FILE,
        [BOOTSTRAP_CACHE_ASSET]: BOOTSTRAP_CACHE_ASSET,
      },
      execArgv: OWN_OPTIONS,
      // Only for children that the program itself starts as node: the launcher sees to that.
      execArgvExtension: 'cli',
    }),
  )
  await runNode(node, ['--experimental-sea-config', 'sea.json'], directory)
  return readSeaBlob(readFileSync(at('sea.blob')), at('sea.blob'))
}

/** Its code cache fits a function with these parameters only. */
const COMPILE = `const [, filename, out, ...parameters] = process.argv
  const source = fs.readFileSync(filename, 'utf8')
  const { cachedData } = vm.compileFunction(source, parameters, { filename, produceCachedData: true })
  fs.writeFileSync(out, cachedData)`

interface NodeFacts {
  readonly flagHash: Buffer
  readonly components: Record<string, string>
}

/** What only the target's node knows: what V8 writes into code caches when it runs with no options, and what it is made of. */
async function askNode(node: string): Promise<NodeFacts> {
  const script = `process.stdout.write(JSON.stringify({
    components: process.versions, cache: new (require("vm").Script)("0").createCachedData().toString("hex") }))`
  const { components, cache } = JSON.parse(await runNode(node, ['-e', script], '/'))
  const flagHash = Buffer.from(cache, 'hex').subarray(FLAG_HASH_OFFSET, FLAG_HASH_OFFSET + FLAG_HASH_SIZE)
  return { flagHash, components }
}

async function runNode(node: string, args: readonly string[], cwd: string): Promise<string> {
  try {
    return (await promisify(execFile)(node, [...args], { cwd, env: {} })).stdout
  } catch (cause) {
    throw new BuildError('RUNTIME_NOT_RUNNABLE', `the runtime ${node} does not run here`, {
      help: 'the build needs to run the target’s node once: build on linux-x64, and check the file',
      cause,
    })
  }
}

function bootstrapSources(): string[] {
  if (existsSync(BUNDLED_BOOTSTRAP)) return [BUNDLED_BOOTSTRAP]
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
