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
import { bundleBootstrap } from './bundle-bootstrap.ts'
import {
  BOOTSTRAP_ASSET,
  BOOTSTRAP_CACHE_ASSET,
  BOOTSTRAP_FILE,
  BOOTSTRAP_PARAMETERS,
  bootScript,
} from './format/boot.ts'
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
/** In the published package it lies here as one file; in a clone it is made from its sources. */
const BUNDLED_BOOTSTRAP = path.join(HERE, 'bootstrap.js')
/** Of 120 MB each: enough for some projects with runtimes of their own. */
const KEPT_BASES = 6
/** Makes old entries of the cache unused when the linker itself changes. */
const REVISION = 16

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
