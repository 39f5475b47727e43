// Pinned packages through the user's own apt: it knows the mirrors and proxies of the machine.
// Works without root, and changes nothing on the system.

import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BuildError } from '../base/diagnostics.ts'
import { CommandFailure, run } from './command.ts'
import { unpackDeb } from './deb.ts'
import { packageId, type PinnedPackage, type PinnedSet } from './debian-packages.ts'
import { sha256File } from './hash.ts'

const TIMEOUT_MS = 5 * 60_000

const BASE_OPTIONS = {
  // As root, apt would switch to a user that cannot write into our directory.
  'APT::Sandbox::User': 'root',
  'Acquire::Languages': 'none',
  'Acquire::Retries': '1',
  'Acquire::http::Timeout': '20',
  'Acquire::https::Timeout': '20',
}

/** Fills `dir` with the pinned files. False if apt cannot provide the packages; wrong bytes are an error. */
export async function fillFromApt(set: PinnedSet, dir: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const temporary = mkdtempSync(join(tmpdir(), 'ingot-apt-'))
  try {
    if (!(await downloadAll(set, temporary, env))) return false
    for (const pinned of set.packages) await unpackPinned(pinned, temporary, dir, env)
    return true
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

async function downloadAll({ packages }: PinnedSet, dir: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const download = ['download', ...packages.map(packageId)]
  const architecture = architectureOf(packages[0]!)
  if (await apt(download, architecture, dir, env)) return true
  // No package lists (a slim container), or too old ones, or those of another architecture.
  const lists = { ...architecture, 'Dir::State::lists': join(dir, 'lists'), 'Dir::Cache': join(dir, 'cache') }
  mkdirSync(lists['Dir::State::lists'])
  mkdirSync(lists['Dir::Cache'])
  return (await apt(['update'], lists, dir, env)) && (await apt(download, lists, dir, env))
}

/** Of the target: lists that apt fetches for itself are of no other one. */
function architectureOf({ architecture }: PinnedPackage) {
  return { 'APT::Architecture': architecture, 'APT::Architectures': architecture }
}

/** Whether apt knows where that package is, without asking the network. */
export async function aptOffers(pinned: PinnedPackage, env: NodeJS.ProcessEnv): Promise<boolean> {
  return apt(['download', '--print-uris', packageId(pinned)], architectureOf(pinned), tmpdir(), env)
}

async function apt(
  args: readonly string[],
  options: Readonly<Record<string, string>>,
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<boolean> {
  const set = Object.entries({ ...BASE_OPTIONS, ...options }).flatMap(([key, value]) => [
    '-o',
    `${key}=${value}`,
  ])
  try {
    await run('apt-get', ['-q', ...set, ...args], { cwd, env, timeoutMs: TIMEOUT_MS })
    return true
  } catch (error) {
    // No apt, no network, or mirrors without this version: the caller has another way.
    if (error instanceof CommandFailure) return false
    throw error
  }
}

async function unpackPinned(
  pinned: PinnedPackage,
  downloads: string,
  dir: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const id = packageId(pinned)
  const name = readdirSync(downloads).find((file) => file.startsWith(`${pinned.name}_`)) ?? ''
  const actual = await sha256File(join(downloads, name))
  if (actual !== pinned.sha256) {
    throw new BuildError(
      'RUNTIME_INTEGRITY',
      `${id}: Ingot expects sha256 ${pinned.sha256}, apt gave ${actual}`,
      {
        help: 'use a mirror that carries the unchanged packages of Debian 12',
      },
    )
  }
  const wanted = new Map(pinned.files.map((file) => [file.path, file.name]))
  await unpackDeb(join(downloads, name), dir, wanted, env)
}
