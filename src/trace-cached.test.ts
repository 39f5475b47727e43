// Packages for a target that is not this machine: a project as npm leaves it here, and a registry on loopback.

import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'

import type { Target } from './base/targets.ts'
import { temporaryProject } from './config/project.fixture.ts'
import { resolveConfig } from './config/resolve-config.ts'
import { readLock } from './runtimes/lock.ts'
import { packRelease, servePackages } from './runtimes/loopback.fixture.ts'
import { traceCached } from './trace-cached.ts'

/** As much of a shared object as is looked at. */
function addon(machine: number): Buffer {
  const bytes = Buffer.alloc(64)
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1])
  bytes[18] = machine
  return bytes
}

const LINUX_X64 = { os: ['linux'], cpu: ['x64'] }
const LINUX_ARM64 = { os: ['linux'], cpu: ['arm64'] }
const MAIN = {
  name: 'matrix',
  version: '1.0.0',
  main: 'index.js',
  optionalDependencies: {
    '@matrix/linux-x64': '1.0.0',
    '@matrix/linux-arm64': '^1.0.0',
    '@matrix/win32-x64': '1.0.0',
    '@matrix/never-published': '1.0.0',
  },
}
const INSTALLED = {
  'package.json': { name: 'app', dependencies: { matrix: '1.0.0' } },
  'main.js': `require('matrix')`,
  'node_modules/matrix/package.json': MAIN,
  'node_modules/matrix/index.js': 'module.exports = require(`@matrix/${process.platform}-${process.arch}`)',
  'node_modules/@matrix/linux-x64/package.json': {
    name: '@matrix/linux-x64',
    version: '1.0.0',
    ...LINUX_X64,
  },
  'node_modules/@matrix/linux-x64/addon.node': addon(62).toString('latin1'),
}

async function registry(t: TestContext) {
  const arm = {
    'package.json': JSON.stringify({
      name: '@matrix/linux-arm64',
      version: '1.0.1',
      main: 'addon.node',
      optionalDependencies: { '@matrix/lib-linux-arm64': '1.0.0' },
      ...LINUX_ARM64,
    }),
    'addon.node': addon(183),
    LICENSE: 'MIT',
  }
  const library = {
    'package.json': JSON.stringify({ name: '@matrix/lib-linux-arm64', version: '1.0.0', ...LINUX_ARM64 }),
    'lib/libmatrix.so': addon(183),
  }
  return servePackages(t, {
    '@matrix/linux-arm64': { '1.0.1': { ...(await packRelease(arm)), fields: LINUX_ARM64 } },
    '@matrix/lib-linux-arm64': { '1.0.0': { ...(await packRelease(library)), fields: LINUX_ARM64 } },
    '@matrix/win32-x64': {
      '1.0.0': { ...(await packRelease({})), fields: { os: ['win32'], cpu: ['x64'] } },
    },
  })
}

async function setUp(t: TestContext, files: object = {}) {
  const loopback = await registry(t)
  const cwd = temporaryProject(t, { ...INSTALLED, '.npmrc': `registry=${loopback.url}\n`, ...files })
  const cache = mkdtempSync(path.join(tmpdir(), 'ingot-targets-'))
  t.after(() => rmSync(cache, { recursive: true, force: true }))
  const trace = async (target: Target) => {
    const { config } = await resolveConfig({ entry: 'main.js', target }, { cwd })
    return (await traceCached(config, cache)).graph
  }
  return { cwd, trace, loopback }
}

const nativeIn = (graph: {
  readonly kept: readonly { readonly path: string; readonly mapped?: boolean }[]
}) => graph.kept.filter(({ mapped }) => mapped).map((file) => file.path)

test('packages for the target come from the registry, and lie where npm would put them', async (t) => {
  const { cwd, trace, loopback } = await setUp(t)
  assert.deepEqual(nativeIn(await trace('linux-x64')), ['node_modules/@matrix/linux-x64/addon.node'])
  assert.deepEqual(loopback.asked, [])

  const graph = await trace('linux-arm64')
  assert.deepEqual(nativeIn(graph).toSorted(), [
    'node_modules/@matrix/lib-linux-arm64/lib/libmatrix.so',
    'node_modules/@matrix/linux-arm64/addon.node',
  ])
  assert.equal(graph.root, cwd)
  assert.deepEqual([...graph.provided.keys()].toSorted(), [
    'node_modules/@matrix/lib-linux-arm64',
    'node_modules/@matrix/linux-arm64',
  ])
  assert.deepEqual(Object.keys(readLock(cwd).packages), [
    '@matrix/lib-linux-arm64@1.0.0',
    '@matrix/linux-arm64@1.0.1',
    '@matrix/win32-x64@1.0.0',
  ])
})

test('offline afterwards, with the same result', async (t) => {
  const { cwd, trace, loopback } = await setUp(t)
  const first = await trace('linux-arm64')
  assert.deepEqual(readLock(cwd).unpublished, ['@matrix/never-published@1.0.0'])
  await loopback.close()
  writeFileSync(path.join(cwd, '.npmrc'), 'offline=true\n')
  assert.deepEqual(nativeIn(await trace('linux-arm64')), nativeIn(first))
})

test('a copy of this machine’s own, beside a package for the target, is left out', async (t) => {
  const { trace } = await setUp(t, { 'node_modules/matrix/bin/matrix': addon(62).toString('latin1') })
  const inside = (await trace('linux-arm64')).kept.map((file) => file.path)
  assert(inside.includes('node_modules/@matrix/linux-arm64/addon.node'), inside.join())
  assert(!inside.includes('node_modules/matrix/bin/matrix'), inside.join())
})

test('what cannot be had is an error that names the package', async (t) => {
  const { trace } = await setUp(t)
  await assert.rejects(trace('darwin-arm64'), {
    code: 'NATIVE_TARGET_MISSING',
    message: 'matrix: no native code for darwin-arm64',
    help: /"external": \["matrix"\].+"unpublished" of ingot\.lock/,
  })
})

test('other bytes than the lockfile says are refused', async (t) => {
  const wrong = `sha512-${'A'.repeat(86)}==`
  const lock = {
    lockfileVersion: 3,
    packages: { 'node_modules/@matrix/linux-arm64': { version: '1.0.1', integrity: wrong } },
  }
  const { trace } = await setUp(t, { 'package-lock.json': lock })
  await assert.rejects(trace('linux-arm64'), {
    code: 'PACKAGE_INTEGRITY',
    message: new RegExp(`^@matrix/linux-arm64@1\\.0\\.1: the lockfile says ${wrong.replace(/[+/]/g, '.')}`),
  })
})

test('an addon that was built here, or prebuilt for others only, is an error too', async (t) => {
  const { trace } = await setUp(t, {
    'main.js': `require('built'); require('prebuilt')`,
    'node_modules/built/package.json': { name: 'built', version: '1.0.0' },
    'node_modules/built/index.js': `module.exports = require('./build/Release/built.node')`,
    'node_modules/built/build/Release/built.node': addon(62).toString('latin1'),
    'node_modules/prebuilt/package.json': { name: 'prebuilt', version: '1.0.0' },
    'node_modules/prebuilt/index.js': `module.exports = require(require('node:path').join(__dirname, 'prebuilds', process.platform + '-' + process.arch, 'a.node'))`,
    'node_modules/prebuilt/prebuilds/linux-x64/a.node': addon(62).toString('latin1'),
    'node_modules/prebuilt/prebuilds/darwin-x64/a.node': 'not looked at',
  })
  const built = nativeIn(await trace('linux-x64'))
  assert(built.includes('node_modules/built/build/Release/built.node'), built.join())
  assert(built.includes('node_modules/prebuilt/prebuilds/linux-x64/a.node'), built.join())
  await assert.rejects(trace('linux-arm64'), {
    code: 'NATIVE_TARGET_MISSING',
    message: /^(built, prebuilt|prebuilt, built): no native code for linux-arm64$/,
  })
})

test('whether a module of a package has the syntax of ES modules is remembered', async (t) => {
  const project = temporaryProject(t, {
    'package.json': { name: 'app', main: 'main.js' },
    'main.js': `require('esm')\nrequire('text')`,
    'node_modules/esm/index.js': 'export const a = 1',
    'node_modules/text/index.js': `/* said: */ module.exports = '; export const a = 1'`,
  })
  const cache = mkdtempSync(path.join(tmpdir(), 'ingot-cache-'))
  t.after(() => rmSync(cache, { recursive: true, force: true }))
  const formats = async () => {
    const { config } = await resolveConfig({}, { cwd: project })
    const { graph } = await traceCached(config, cache)
    return graph.kept.map(({ path, format }) => [path, format])
  }
  const first = await formats()
  const [name] = readdirSync(path.join(cache, 'syntax'))
  const known = JSON.parse(readFileSync(path.join(cache, 'syntax', name!), 'utf8')) as Record<string, boolean>
  assert.deepEqual(new Set(Object.values(known)), new Set([false, true]))
  assert.deepEqual(await formats(), first)
})
