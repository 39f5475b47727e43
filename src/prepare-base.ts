// Makes the base image: everything of an executable that does not depend on the program. It is
// the same for all programs of a user, so it is made once and cached.

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { BuildError } from './base/diagnostics.ts'
import { BOOTSTRAP_ASSET, WORKER_CACHE_ASSET, WORKER_PARAMETERS } from './format/assets.ts'
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
import { FLAG_HASH_OFFSET, FLAG_HASH_SIZE } from './payload/v8-cache.ts'
import { cached, fileOf, prune } from './runtimes/cache.ts'
import type { Runtime, SystemLibraries } from './runtimes/runtime.ts'

/** The base's bytes on disk, what is to be written into them, and what code caches must say. */
export interface PreparedBase extends BaseImage {
  readonly file: string
  /** V8's hash of its flags in the executable, hex. */
  readonly flagHash: string
  /** NODE_MODULE_VERSION, for addons that are compiled for one. */
  readonly moduleVersion: string
  /** Differs where the bytes do. */
  readonly identity: string
}

const HERE = path.dirname(fileURLToPath(import.meta.url))
const LAUNCHER = path.join(HERE, '../launcher/prebuilt/linux-x64/launcher.bin')
/** In the published package the bootstrap lies here as one file; in a clone it is made from its sources. */
const BUNDLED_BOOTSTRAP = path.join(HERE, 'bootstrap.js')
/** Of 120 MB each: enough for some projects with runtimes of their own. */
const KEPT_BASES = 6
/** Makes old entries of the cache unused when the linker itself changes. */
const REVISION = 11

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
    ...[LAUNCHER, ...bootstrapSources()].map((file) =>
      createHash('sha256').update(readFileSync(file)).digest('hex'),
    ),
  ]
  const key = `base-linux-x64-${createHash('sha256').update(inputs.join('\n')).digest('hex').slice(0, 32)}`
  const fill = async (directory: string) => {
    prune('base-', KEPT_BASES, cacheRoot)
    await fillBase(directory, runtime, libraries)
  }
  const entry = await cached(key, fill, cacheRoot)
  const facts = JSON.parse(readFileSync(fileOf(entry, 'base.json').file, 'utf8')) as Omit<
    PreparedBase,
    'file' | 'identity'
  >
  return { ...facts, file: fileOf(entry, 'base.bin').file, identity: key }
}

async function fillBase(directory: string, runtime: Runtime, libraries: SystemLibraries): Promise<void> {
  const { flagHash, moduleVersion } = await askNode(runtime.file)
  const blob = await makeBlob(directory, runtime.file, flagHash)
  const launcher = readLauncher(readFileSync(LAUNCHER), LAUNCHER)
  const contentOf = (name: string, file: string) => {
    const bytes = readFileSync(file)
    return name === 'libc.so.6' ? redirectLibc(readElf(bytes, file), launcher) : bytes
  }
  const system = packArchive(
    [
      ...[...libraries.libraries].map(([name, { file }]) => ({
        path: name,
        data: contentOf(name, file),
        mapped: true,
      })),
      // The LGPL of glibc asks that its text comes along.
      ...(await compressLicenses(directory, runtime, libraries)).map((name) => ({
        path: `licenses/${name}`,
        data: readFileSync(path.join(directory, name)),
      })),
    ],
    [],
    { ingot: '', entries: [], sourceMaps: false },
  )
  const { chunks, base } = linkBaseImage({
    node: readElf(readFileSync(runtime.file), runtime.file),
    loader: readElf(readFileSync(libraries.loader.file), libraries.loader.file),
    launcher,
    system: Buffer.concat(system.chunks),
    blob,
  })
  const output = await open(path.join(directory, 'base.bin'), 'w')
  try {
    for (const { offset, bytes } of chunks) await writeAll(output, [bytes], offset)
  } finally {
    await output.close()
  }
  for (const name of readdirSync(directory)) if (name !== 'base.bin') rmSync(path.join(directory, name))
  writeFileSync(
    path.join(directory, 'base.json'),
    JSON.stringify({ ...base, flagHash: flagHash.toString('hex'), moduleVersion }),
  )
}

/** Name and file of each licence text: node's, and those of the libraries' packages. */
function licensesOf(runtime: Runtime, libraries: SystemLibraries): [name: string, file: string][] {
  const own: [string, string][] = runtime.license === undefined ? [] : [['node', runtime.license]]
  return [...own, ...libraries.licenses.map((file): [string, string] => [licenseName(file), file])]
}

/** By the target's own node, so that the bytes do not depend on the one that builds. */
async function compressLicenses(
  directory: string,
  runtime: Runtime,
  libraries: SystemLibraries,
): Promise<string[]> {
  const pairs = licensesOf(runtime, libraries).map(([name, file]) => [`${name}.gz`, file])
  const script = `for (const [name, file] of JSON.parse(process.argv[1]))
    fs.writeFileSync(name, zlib.gzipSync(fs.readFileSync(file), { level: 9 }))`
  await runNode(runtime.file, ['-e', script, JSON.stringify(pairs)], directory)
  return pairs.map(([name]) => name!)
}

/** `licenses/libc6` in our cache, `/usr/share/doc/libc6/copyright` on a host. */
function licenseName(file: string): string {
  const name = path.basename(file)
  return name === 'copyright' ? path.basename(path.dirname(file)) : name
}

/** The blob with our bootstrap as its main script, as the target's own node makes it. */
async function makeBlob(directory: string, node: string, flagHash: Buffer): Promise<SeaBlob> {
  const main = 'ingot-bootstrap.js'
  writeFileSync(path.join(directory, main), await bundleBootstrap())
  writeFileSync(path.join(directory, 'empty'), '')
  // Compiled as a whole: a start would otherwise compile function after function.
  const flags = [...DETERMINISTIC_FLAGS, '--no-lazy']
  const cache = path.join(directory, WORKER_CACHE_ASSET)
  await runNode(node, [...flags, '-e', COMPILE_FOR_WORKERS, main, cache, ...WORKER_PARAMETERS], directory)
  writeFileSync(cache, withFlagHash(readFileSync(cache), 0, flagHash))
  writeFileSync(
    path.join(directory, 'sea.json'),
    JSON.stringify({
      main,
      output: 'sea.blob',
      disableExperimentalSEAWarning: true,
      useCodeCache: true,
      // Workers start from the source again (bootstrap/workers.ts).
      assets: { [PAYLOAD_ASSET]: 'empty', [BOOTSTRAP_ASSET]: main, [WORKER_CACHE_ASSET]: cache },
      execArgv: OWN_OPTIONS,
      // Only for children that the program itself starts as node: the launcher sees to that.
      execArgvExtension: 'cli',
    }),
  )
  await runNode(node, [...flags, '--experimental-sea-config', 'sea.json'], directory)
  const file = path.join(directory, 'sea.blob')
  const blob = readSeaBlob(readFileSync(file), file)
  if (blob.codeCacheOffset !== undefined) withFlagHash(blob.head, blob.codeCacheOffset, flagHash)
  return blob
}

/** As workers compile it: the code cache of a function fits no function with other parameters. */
const COMPILE_FOR_WORKERS = `const [, file, out, ...parameters] = process.argv
  const { cachedData } = vm.compileFunction(fs.readFileSync(file, 'utf8'), parameters, { filename: file, produceCachedData: true })
  fs.writeFileSync(out, cachedData)`

function withFlagHash<T extends Uint8Array>(bytes: T, cacheOffset: number, flagHash: Uint8Array): T {
  bytes.set(flagHash, cacheOffset + FLAG_HASH_OFFSET)
  return bytes
}

/** What only the target's node knows: what V8 writes into code caches when it runs with no options, and its ABI. */
async function askNode(node: string): Promise<{ flagHash: Buffer; moduleVersion: string }> {
  const script =
    'process.stdout.write(process.versions.modules + " " + new (require("vm").Script)("0").createCachedData().toString("hex"))'
  const [moduleVersion = '', cache = ''] = (await runNode(node, ['-e', script], '/')).split(' ')
  const flagHash = Buffer.from(cache, 'hex').subarray(FLAG_HASH_OFFSET, FLAG_HASH_OFFSET + FLAG_HASH_SIZE)
  return { flagHash, moduleVersion }
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
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .toSorted()
      .map((name) => path.join(directory, name)),
  )
}

export async function bundleBootstrap(): Promise<string> {
  if (existsSync(BUNDLED_BOOTSTRAP)) return readFileSync(BUNDLED_BOOTSTRAP, 'utf8')
  const { rolldown } = await import('rolldown')
  const bundle = await rolldown({
    input: path.join(HERE, 'bootstrap/entry.ts'),
    cwd: HERE,
    platform: 'node',
    treeshake: true,
  })
  const { output } = await bundle.generate({ format: 'cjs' })
  await bundle.close()
  return output[0].code
}
