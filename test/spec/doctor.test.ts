// `ingot doctor`: nothing to say where all is well, and the right thing where it is not.

import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, truncateSync } from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'

import type { Check } from '../../src/doctor.ts'
import { checkKernelVersion } from '../../src/doctor/host.ts'
import { checkLibraries } from '../../src/doctor/inputs.ts'
import { entryFile, ownCache } from '../support/cache.ts'
import { INGOT, ingot, ingotBuild, run } from '../support/commands.ts'
import { isolation } from '../support/empty-root.ts'
import { makeProject } from '../support/project.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { START, THOROUGH } from '../support/thorough.ts'

const CODES = [
  'HOST_PLATFORM',
  'HOST_NODE',
  'KERNEL_VERSION',
  'CACHE_WRITABLE',
  'CACHE_EXECUTABLE',
  'CACHE_SPACE',
  'CACHE_SOUND',
  'KERNEL_MEMFD',
  'KERNEL_EXECVEAT',
  'KERNEL_PERSONALITY',
  'KERNEL_SECCOMP',
  'KERNEL_PROC',
  'RUNTIME_NODE',
  'LIBRARIES',
  'APT',
  'PROJECT_CONFIG',
  'PROJECT_LOCK',
  'PROJECT_OUTPUT',
]

suite('ingot doctor', () => {
  const directory = temporaryDirectory()
  let env: NodeJS.ProcessEnv
  let root: string
  before(async () => {
    ;({ env, root } = await ownCache(directory))
  })

  interface Options {
    readonly args?: readonly string[]
    readonly extra?: NodeJS.ProcessEnv
  }
  /** The exit code, and by code what is not well. */
  async function examine(project: string, { args = [], extra = {} }: Options = {}) {
    const settings = { cwd: project, env: { ...env, ...extra } }
    const { status, stdout, stderr } = await ingot(['doctor', ...args, '--json'], settings)
    assert.equal(stderr, '')
    const { isSound, checks } = JSON.parse(stdout) as { isSound: boolean; checks: Check[] }
    assert.equal(status, isSound ? 0 : 1)
    for (const check of checks) if (check.status !== 'ok') assert.ok(check.help, check.code)
    const found = checks.filter((check) => check.status !== 'ok')
    return { status, checks, found: Object.fromEntries(found.map((check) => [check.code, check])) }
  }

  test('a project that builds is sound', async () => {
    const project = makeProject(directory)
    assert.equal((await examine(project)).found['PROJECT_LOCK']?.status, 'warning')
    await ingotBuild([...START, 'main.ts', '-o', 'out'], { cwd: project, env })
    const { status, checks } = await examine(project)
    assert.equal(status, 0)
    assert.deepEqual(
      checks.map((check) => check.code),
      CODES,
    )
    assert.deepEqual(
      checks.filter((check) => check.status === 'broken'),
      [],
    )
  })

  test('for people', async () => {
    const { status, stdout } = await ingot(['doctor'], { cwd: makeProject(directory), env })
    assert.equal(status, 0)
    assert.match(stdout, /^ok {6}HOST_PLATFORM {2}linux-x64\n/)
    assert.match(
      stdout,
      /\nwarning PROJECT_LOCK ingot\.lock {2}there is no ingot\.lock yet\n {2}help: build once/,
    )
    assert.match(stdout, /\n18 checks, 0 broken, \d with a warning\n$/)
  })

  test('a cache that cannot be written', async () => {
    const { status, found } = await examine(makeProject(directory), {
      extra: { XDG_CACHE_HOME: '/dev/null/x' },
    })
    assert.equal(status, 1)
    assert.deepEqual(found['CACHE_WRITABLE'], {
      code: 'CACHE_WRITABLE',
      status: 'broken',
      message: 'the cache cannot be written (ENOTDIR)',
      at: { file: '/dev/null/x/ingot' },
      help: 'set XDG_CACHE_HOME to a directory of yours',
    })
  })

  test('a cache from which nothing can be executed', { skip: isolation() === 'none' }, async () => {
    const project = makeProject(directory)
    const home = path.join(directory, 'noexec')
    mkdirSync(home)
    const script = 'mount -t tmpfs -o noexec,size=10m tmpfs "$1" && shift && exec "$@"'
    const namespace = isolation() === 'root' ? ['--mount'] : ['--user', '--map-root-user', '--mount']
    const command = [process.execPath, INGOT, 'doctor', '--json']
    const { status, stdout } = await run(
      'unshare',
      [...namespace, 'sh', '-c', script, 'sh', home, ...command],
      {
        cwd: project,
        env: { ...env, XDG_CACHE_HOME: home },
      },
    )
    assert.equal(status, 1)
    const { checks } = JSON.parse(stdout) as { checks: Check[] }
    const found = checks.filter((check) => check.status !== 'ok').map((check) => check.code)
    assert.deepEqual(found, ['CACHE_EXECUTABLE', 'CACHE_SPACE', 'PROJECT_LOCK'])
  })

  if (THOROUGH)
    test('damaged entries of the cache', async () => {
      const project = makeProject(directory)
      await ingotBuild([...START, 'main.ts', '-o', 'out'], { cwd: project, env })
      truncateSync(entryFile(root, 'base-', 'base.bin'), 1000)
      const { status, found } = await examine(project)
      assert.equal(status, 0)
      assert.match(found['CACHE_SOUND']?.message ?? '', /^damaged entries were removed: base-/)
      assert.equal((await examine(project)).found['CACHE_SOUND'], undefined)
    })

  test('a runtime that does not run', async () => {
    const { status, found } = await examine(makeProject(directory), { args: ['--runtime', '/bin/false'] })
    assert.equal(status, 1)
    assert.match(found['RUNTIME_NODE']?.message ?? '', /^\/bin\/false does not run/)
  })

  test('a runtime that has to be downloaded', async () => {
    const home = path.join(directory, 'empty-cache')
    const { status, found } = await examine(makeProject(directory), { extra: { XDG_CACHE_HOME: home } })
    assert.equal(status, 0)
    assert.match(found['RUNTIME_NODE']?.message ?? '', /^node@26 is not in the cache/)
  })

  test('a wrong configuration, lock file and output', async () => {
    const wrong = makeProject(directory, {
      'main.ts': '',
      'ingot.config.mjs': 'export default { minfy: true }',
    })
    const config = await examine(wrong)
    assert.equal(config.status, 1)
    assert.match(config.found['PROJECT_CONFIG']?.message ?? '', /^CONFIG_UNKNOWN_KEY: /)
    assert.equal(config.found['PROJECT_CONFIG']?.at?.file, path.join(wrong, 'ingot.config.mjs'))

    const lock = makeProject(directory, { 'main.ts': '', 'ingot.lock': '{' })
    assert.match((await examine(lock)).found['PROJECT_LOCK']?.message ?? '', /^LOCK_INVALID: /)

    const empty = makeProject(directory, { 'readme.txt': '' })
    const nothing = await examine(empty)
    assert.deepEqual([nothing.status, nothing.found['PROJECT_CONFIG']?.status], [0, 'warning'])
    const named = await examine(empty, { args: ['main.ts'] })
    assert.deepEqual([named.status, named.found['PROJECT_CONFIG']?.status], [1, 'broken'])
  })

  test('a machine without the libraries', async () => {
    const empty = path.join(directory, 'empty-root')
    mkdirSync(empty, { recursive: true })
    const [libraries, apt] = await checkLibraries(
      'linux-x64',
      path.join(empty, 'cache'),
      { PATH: empty },
      empty,
    )
    assert.equal(libraries?.status, 'broken')
    assert.match(libraries?.message ?? '', /this machine has no .*libc\.so\.6/)
    assert.equal(apt?.status, 'warning')

    const other = path.join(directory, 'other-root')
    const lib = path.join(other, 'lib/x86_64-linux-gnu')
    mkdirSync(lib, { recursive: true })
    const names = ['ld-linux-x86-64.so.2', 'libc.so.6', 'libm.so.6', 'libdl.so.2', 'libpthread.so.0']
    for (const name of names) symlinkSync(process.execPath, path.join(lib, name))
    const [unknown] = await checkLibraries('linux-x64', path.join(empty, 'cache'), { PATH: empty }, other)
    assert.equal(unknown?.status, 'broken')
  })
})

test('kernels by their version', () => {
  for (const [release, status] of [
    ['6.18.44-fc', 'ok'],
    ['4.18.0-553.el8.x86_64', 'ok'],
    ['5.0', 'ok'],
    ['4.15.0-213-generic', 'broken'],
    ['3.10.0-1160.el7', 'broken'],
  ] as const)
    assert.equal(checkKernelVersion(release).status, status, release)
})
