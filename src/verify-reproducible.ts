// `ingot build --verify-reproducible`: builds once more, in another place and as in another world, and compares byte by
// byte. A frozen process is never the same twice (addresses, times, random numbers), and the headers of its file say where its
// pieces lie; so what is compared is the program as it starts cold.

import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

import type { BuildOptions, BuildResult, Reproduction } from './base/build-result.ts'
import { BuildError } from './base/diagnostics.ts'
import type { Inputs } from './base/inputs.ts'
import { createStages } from './base/stages.ts'
import { buildTracked } from './build.ts'
import { compareExecutables, readExecutable, readRegions } from './inspect/read-executable.ts'
import { lookAtGit } from './known/git.ts'
import type { Rebuilt } from './rebuild.ts'
import { firstDifference } from './reproduce/compare-files.ts'
import { copyInputs } from './reproduce/copy-inputs.ts'
import { cacheRoot } from './runtimes/cache-root.ts'
import { keysOf } from './runtimes/cache.ts'

/**
 * Builds, and proves that another build gives the same bytes.
 * @throws BuildError also REPRODUCIBLE_DIFFERS, REPRODUCIBLE_NOT_BUILT; the executable of the first build is there then
 */
export async function buildReproducibly(options: BuildOptions): Promise<BuildResult> {
  const { result, inputs } = await buildTracked(options, lookAtGit)
  const work = mkdtempSync(path.join(realpathSync(tmpdir()), 'ingot-again-'))
  try {
    const reproduction = await createStages(options)('again', () => reproduce(options, result, inputs, work))
    return { ...result, reproduction }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

async function reproduce(
  options: BuildOptions,
  { out, start }: BuildResult,
  inputs: Inputs,
  work: string,
): Promise<Reproduction> {
  const wasAskedCold = start.kind === 'cold' && start.reason === undefined
  const { onStage: _onStage, signal, ...given } = options
  const cold: BuildOptions = { ...given, start: 'cold' }
  const here = wasAskedCold ? out : path.join(work, 'here')
  if (!wasAskedCold) await buildTracked({ ...cold, out: here, ...(signal && { signal }) }, lookAtGit)
  const there = await rebuild(cold, inputs, work, signal)
  const offset = firstDifference(here, there)
  if (offset !== undefined) throw await difference({ here, there, offset, out })
  const { reproducible, size } = readExecutable(here)
  return {
    sha256: await sha256Of(here),
    size,
    frozenLeftOut: start.kind === 'frozen',
    unless: reproducible.unless,
  }
}

/** In a copy of all inputs, with caches that have what is downloaded and nothing that is made of it. */
async function rebuild(
  options: BuildOptions,
  inputs: Inputs,
  work: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const root = path.join(work, 'other/place')
  const cwd = path.resolve(options.cwd ?? process.cwd())
  // The program of the native Ingot is no input of anyone's.
  copyInputs([...inputs.files.filter((file) => file !== process.execPath), cwd], root)
  const repository = repositoryAbove(cwd)
  if (repository !== undefined) mkdirSync(path.join(root, repository, '.git'), { recursive: true })
  const home = path.join(work, 'home')
  shareDownloads(path.join(home, 'cache/ingot'))

  const worker = fork(workerFile(), {
    env: otherWorld(home, inputs, repository),
    execArgv: [],
    signal,
    stdio: 'ignore',
  })
  const { promise, resolve, reject } = Promise.withResolvers<Rebuilt>()
  worker.once('message', (answer) => resolve(answer as Rebuilt))
  worker.once('error', reject)
  worker.once('exit', (code, by) => resolve({ failed: `it ended with ${by ?? code}` }))
  worker.send({ ...moved(options, root), cwd: path.join(root, cwd), out: path.join(work, 'there') })
  const answer = await promise
  if ('file' in answer) return answer.file
  throw new BuildError('REPRODUCIBLE_NOT_BUILT', `the second build failed: ${answer.failed}`, {
    at: { file: cwd },
    help: answer.help ?? helpFor(inputs),
  })
}

function helpFor({ incomplete }: Inputs): string {
  return incomplete === undefined
    ? 'what it misses is read by the build in a way that cannot be seen: import it, or name it with "include"'
    : `the second build has a copy of what the first one was seen to read, which is not all: ${incomplete}`
}

/** Time zone, locale, home, user: as different as they can be. What the configuration asks for is the same. */
function otherWorld(home: string, inputs: Inputs, repository: string | undefined): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    ...inputs.variables,
    HOME: home,
    XDG_CACHE_HOME: path.join(home, 'cache'),
    TMPDIR: home,
    TZ: process.env['TZ'] === 'Pacific/Apia' ? 'America/Adak' : 'Pacific/Apia',
    LC_ALL: process.env['LC_ALL']?.startsWith('tr_TR') ? 'C' : 'tr_TR.UTF-8',
    USER: 'somebody-else',
    ...(repository !== undefined && {
      // The commit is of the sources, wherever they lie.
      GIT_DIR: path.join(repository, '.git'),
      GIT_WORK_TREE: repository,
      GIT_CONFIG_GLOBAL: process.env['GIT_CONFIG_GLOBAL'] ?? path.join(homedir(), '.gitconfig'),
    }),
  }
}

function repositoryAbove(start: string): string | undefined {
  for (let directory = realpathSync(start); ; directory = path.dirname(directory)) {
    if (existsSync(path.join(directory, '.git'))) return directory
    if (path.dirname(directory) === directory) return undefined
  }
}

/** Packages of node and glibc: named by what they are, and their hashes are looked at when they are opened. */
function shareDownloads(target: string): void {
  const source = cacheRoot(process.env)
  mkdirSync(target, { recursive: true })
  for (const key of ['node-', 'debian-', 'host-'].flatMap((prefix) => keysOf(prefix, source))) {
    symlinkSync(path.join(source, key), path.join(target, key))
  }
}

/** Absolute paths of options lead into the copy; a runtime that is a file is none of the project. */
function moved({ entry, include, config, ...options }: BuildOptions, root: string): BuildOptions {
  const move = (text: string) =>
    text.replace(/^([^/=]*=)?(?=\/)/, (_, name: string | undefined) => `${name ?? ''}${root}`)
  const moveAll = (list: readonly string[]) => list.map(move)
  const movedEntry =
    typeof entry === 'string'
      ? move(entry)
      : Array.isArray(entry)
        ? moveAll(entry)
        : entry && Object.fromEntries(Object.entries(entry).map(([name, file]) => [name, move(file)]))
  return {
    ...options,
    ...(movedEntry !== undefined && { entry: movedEntry }),
    ...(include && { include: moveAll(include) }),
    ...(config !== undefined && { config: move(config) }),
  }
}

/** Beside this file in a clone, beside the bundle in the published package. */
function workerFile(): string {
  const source = fileURLToPath(new URL('./rebuild.ts', import.meta.url))
  return existsSync(source) ? source : fileURLToPath(new URL('./rebuild.js', import.meta.url))
}

interface Difference {
  readonly here: string
  readonly there: string
  readonly offset: number
  readonly out: string
}

async function difference({ here, there, offset, out }: Difference): Promise<BuildError> {
  const { place, help } = whereDiffering(here, there, offset)
  const kept = await keepBoth(here, there, out)
  return new BuildError('REPRODUCIBLE_DIFFERS', `a second build gives other bytes: ${place}`, {
    at: { file: kept.first, offset },
    help: `${help}; ingot diff ${kept.first} ${kept.second} shows all that differs`,
  })
}

const OURS = 'this is a bug in Ingot, unless the runtime has changed in between: please report it'

function whereDiffering(here: string, there: string, offset: number): { place: string; help: string } {
  const { part, name, fileOffset } = readRegions(here).findLast((region) => region.fileOffset <= offset)!
  const first = `first in ${part === name ? part : `${part} of ${name}`}, at its byte ${offset - fileOffset}`
  // The index and the headers, which come first, only say where the rest lies and what hash it has.
  const { files, facts } = compareExecutables(here, there)
  const [changed] = files.changed
  const [other] = [...files.added, ...files.removed]
  if (other) {
    return {
      place: `${other.path} is in one of them only (${first})`,
      help: 'look at what chooses the files',
    }
  }
  if (changed) {
    return {
      place: `the content of ${changed.name} differs (${first})`,
      help: 'look for a time, a path or a random number in what it is made of: define, the configuration, a generated file',
    }
  }
  const [fact] = facts
  if (fact) {
    return {
      place: `${fact.name} is ${fact.before} and ${fact.after} (${first})`,
      help: 'look at what the configuration computes from the time, the place or the environment',
    }
  }
  return { place: first, help: OURS }
}

/** The files that were compared, where they can be looked at: beside the executable. */
async function keepBoth(
  here: string,
  there: string,
  out: string,
): Promise<{ first: string; second: string }> {
  const second = `${out}.again`
  await move(there, second)
  if (here === out) return { first: out, second }
  const first = `${out}.cold`
  await move(here, first)
  return { first, second }
}

async function move(from: string, to: string): Promise<void> {
  try {
    renameSync(from, to)
  } catch {
    await copyFile(from, to) // the temporary directory is on another file system
  }
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file, { highWaterMark: 2 ** 20 })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
