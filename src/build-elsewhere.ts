// A build in another place and as in another world: from a copy of its inputs, by a process with another environment and
// caches that have what is downloaded, and nothing that is made of it.

import { fork } from 'node:child_process'
import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

import type { BuildOptions } from './base/build-result.ts'
import { BuildError } from './base/diagnostics.ts'
import type { Inputs } from './base/inputs.ts'
import { repositoryAbove } from './known/git.ts'
import type { Rebuilt } from './rebuild.ts'
import { copyInputs } from './reproduce/copy-inputs.ts'
import { cacheRoot } from './runtimes/cache-root.ts'
import { keysOf } from './runtimes/cache.ts'
import { LOCK_FILE } from './runtimes/lock.ts'

/**
 * Gives the file.
 * @param inputs of the build that has to be repeated
 * @param work an empty directory
 * @throws BuildError REPRODUCIBLE_NOT_BUILT
 */
export async function buildElsewhere(
  options: BuildOptions,
  inputs: Inputs,
  work: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const root = path.join(work, 'other/place')
  const cwd = path.resolve(options.cwd ?? process.cwd())
  // The program of the native Ingot is no input of anyone's.
  copyInputs([...inputs.files.filter((file) => file !== process.execPath), cwd], root)
  const lock = inputs.files.find((file) => path.basename(file) === LOCK_FILE)
  const repository = repositoryAbove(lock === undefined ? cwd : path.dirname(lock))
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

/** Packages of node and glibc: named by what they are, and their hashes are looked at when they are opened. */
function shareDownloads(target: string): void {
  const source = cacheRoot(process.env)
  mkdirSync(target, { recursive: true })
  for (const key of ['node-', 'debian-', 'host-', 'package-'].flatMap((prefix) => keysOf(prefix, source))) {
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
