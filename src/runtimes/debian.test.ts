import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { BuildError } from '../base/diagnostics.ts'
import { fillFromApt } from './apt.ts'
import { packageId, PINNED } from './debian-packages.ts'
import { resolveLibraries } from './debian.ts'
import { sha256, sha256File } from './hash.ts'
import { fillFromHost } from './host-libraries.ts'
import { readLock } from './lock.ts'
import { THOROUGH } from '../../test/support/thorough.ts'
import { makeHome, type Home } from './loopback.fixture.ts'
import type { SystemLibraries } from './runtime.ts'

const SET = PINNED['linux-x64']

const SONAMES = [
  'libanl.so.1',
  'libatomic.so.1',
  'libc.so.6',
  'libdl.so.2',
  'libgcc_s.so.1',
  'libm.so.6',
  'libnss_dns.so.2',
  'libnss_files.so.2',
  'libpthread.so.0',
  'libresolv.so.2',
  'librt.so.1',
  'libstdc++.so.6',
  'libutil.so.1',
]

function aptHasPins(): boolean {
  try {
    const ids = SET.packages.map(({ name, version }) => `${name}=${version}`)
    execFileSync('apt-cache', ['show', ...ids], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const hasApt = aptHasPins()
const hasPins = SET.files.every(
  ({ path, sha256: expected }) => existsSync(`/${path}`) && sha256(readFileSync(`/${path}`)) === expected,
)

/** The environment of a machine without apt. */
function withoutApt(home: Home) {
  return { projectDir: home.projectDir, env: { ...home.env, PATH: home.projectDir } }
}

/** A file system with libraries that are not the pinned ones: an ELF header and a name. */
function fakeHost(t: TestContext, directory: string): string {
  const { projectDir: root } = makeHome(t)
  const elf = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0x3e, 0]
  for (const name of [...SONAMES, 'ld-linux-x86-64.so.2']) {
    writeInto(root, `${directory}/${name}`, Buffer.concat([Buffer.from(elf), Buffer.from(name)]))
  }
  return root
}

function writeInto(root: string, path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), bytes)
}

async function assertPinned(libraries: SystemLibraries): Promise<void> {
  assert.equal(libraries.origin, 'debian:libc6=2.36-9+deb12u14')
  assert.equal(libraries.reproducible, true)
  assert.deepEqual([...libraries.libraries.keys()].toSorted(), SONAMES)
  for (const { file, sha256: recorded } of [libraries.loader, ...libraries.libraries.values()]) {
    assert.equal(await sha256File(file), recorded)
  }
  const [libc = '', gcc = ''] = libraries.licenses
  assert.match(readFileSync(libc, 'utf8'), /GNU Lesser General Public/)
  assert.match(readFileSync(gcc, 'utf8'), /GCC Runtime Library Exception|GCC RUNTIME LIBRARY EXCEPTION/)
}

test('this machine has the pinned bytes: no apt is needed', { skip: !hasPins }, async (t) => {
  const home = makeHome(t)
  const first = await resolveLibraries('linux-x64', withoutApt(home))
  await assertPinned(first)
  assert.deepEqual(await resolveLibraries('linux-x64', withoutApt(home)), first)
  const { debian } = readLock(home.projectDir)
  const pins = SET.packages.map(({ name, version, sha256 }) => [`${name}=${version}`, { sha256 }])
  assert.deepEqual(debian, Object.fromEntries(pins))
})

test('apt brings the pinned bytes to a machine with other libraries', { skip: !hasApt }, async (t) => {
  const home = makeHome(t)
  await assertPinned(await resolveLibraries('linux-x64', home, fakeHost(t, 'lib')))
})

test('apt without package lists updates lists of its own', { skip: !hasApt }, async (t) => {
  const { projectDir, env } = makeHome(t)
  // Like a slim container: the system's apt configuration, but no lists.
  const config = join(projectDir, 'apt.conf')
  mkdirSync(join(projectDir, 'no-lists'))
  writeFileSync(config, `Dir::State::lists "${join(projectDir, 'no-lists')}";\n`)
  const dir = join(projectDir, 'out')
  mkdirSync(dir)
  assert.equal(await fillFromApt(SET, dir, { ...env, APT_CONFIG: config }), true)
  for (const { name, sha256: expected } of SET.files) {
    assert.equal(await sha256File(join(dir, name)), expected, name)
  }
})

if (THOROUGH)
  test('apt brings another architecture, too, and the lock has both', { skip: !hasApt }, async (t) => {
    const home = makeHome(t)
    await resolveLibraries('linux-x64', home)
    const { origin, loader, libraries } = await resolveLibraries('linux-arm64', home)
    assert.equal(origin, 'debian:libc6:arm64=2.36-9+deb12u14')
    assert.deepEqual([...libraries.keys()].toSorted(), SONAMES)
    for (const { file, sha256: recorded } of [loader, ...libraries.values()]) {
      assert.equal(await sha256File(file), recorded)
      assert.equal(readFileSync(file).readUInt16LE(18), 183, 'EM_AARCH64')
    }
    const sets = [SET, PINNED['linux-arm64']]
    const pins = sets.flatMap(({ packages }) =>
      packages.map((pinned) => [packageId(pinned), { sha256: pinned.sha256 }]),
    )
    assert.deepEqual(readLock(home.projectDir).debian, Object.fromEntries(pins))
  })

test('a package with other bytes is refused', async (t) => {
  const { projectDir, env } = makeHome(t)
  const files = SET.packages.map(({ name, version }) => `echo forged > '${name}_${version}_amd64.deb'`)
  writeFileSync(join(projectDir, 'apt-get'), ['#!/bin/sh', ...files].join('\n'), { mode: 0o755 })
  const options = { ...env, PATH: projectDir }
  await assert.rejects(fillFromApt(SET, projectDir, options), (error: BuildError) => {
    assert.equal(error.code, 'RUNTIME_INTEGRITY')
    assert.match(error.message, /^libc6=2\.36-9\+deb12u14: Ingot expects sha256 \w{64}, apt gave \w{64}$/)
    return true
  })
})

for (const directory of ['lib/x86_64-linux-gnu', 'lib64', 'usr/lib64', 'usr/lib']) {
  test(`without apt the libraries of the machine in ${directory} serve, not reproducible`, async (t) => {
    const home = makeHome(t)
    const root = fakeHost(t, directory)
    // Fedora keeps 32-bit libraries in /lib.
    writeInto(root, 'lib/libc.so.6', Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 1))
    const found = await resolveLibraries('linux-x64', withoutApt(home), root)
    assert.equal(found.origin, 'host')
    assert.equal(found.reproducible, false)
    assert.deepEqual([...found.libraries.keys()].toSorted(), SONAMES)
    const file = join(root, directory, 'libm.so.6')
    assert.deepEqual(found.libraries.get('libm.so.6'), { file, sha256: await sha256File(file) })
    assert.equal(found.loader.file, join(root, directory, 'ld-linux-x86-64.so.2'))
    assert.deepEqual(found.licenses, [])
    assert.deepEqual(readLock(home.projectDir).debian, {})
  })
}

test('apt that cannot help is tried once a day', async (t) => {
  const home = makeHome(t)
  const root = fakeHost(t, 'lib')
  const log = join(home.projectDir, 'log')
  writeFileSync(join(home.projectDir, 'apt-get'), `#!/bin/sh\necho called >> '${log}'\nexit 100\n`, {
    mode: 0o755,
  })
  const first = await resolveLibraries('linux-x64', withoutApt(home), root)
  const calls = readFileSync(log, 'utf8')
  assert.deepEqual(await resolveLibraries('linux-x64', withoutApt(home), root), first)
  assert.equal(readFileSync(log, 'utf8'), calls)
})

test('a machine without the libraries names them', async (t) => {
  const home = makeHome(t)
  const root = fakeHost(t, 'lib')
  rmSync(join(root, 'lib/libatomic.so.1'))
  await assert.rejects(resolveLibraries('linux-x64', withoutApt(home), root), {
    code: 'LIBRARIES_NOT_FOUND',
    message: 'neither apt nor this machine has libatomic.so.1',
  })
})

test('one changed byte on the machine, and nothing of it is pinned', { skip: !hasPins }, async (t) => {
  const { projectDir } = makeHome(t)
  const root = join(projectDir, 'root')
  for (const { path } of SET.files) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    copyFileSync(`/${path}`, join(root, path))
  }
  assert.equal(await fillFromHost(SET, join(projectDir, 'same'), root), true)
  const libm = join(root, 'lib/x86_64-linux-gnu/libm.so.6')
  const bytes = readFileSync(libm)
  bytes.writeUInt8(bytes.readUInt8(5000) ^ 1, 5000)
  writeFileSync(libm, bytes)
  assert.equal(await fillFromHost(SET, join(projectDir, 'other'), root), false)
})

test('a lock that pins other bytes of the same version is refused', { skip: !hasPins }, async (t) => {
  const home = makeHome(t)
  const debian = { 'libc6=2.36-9+deb12u14': { sha256: '0'.repeat(64) } }
  writeFileSync(join(home.projectDir, 'ingot.lock'), JSON.stringify({ lockfileVersion: 1, debian }))
  await assert.rejects(resolveLibraries('linux-x64', withoutApt(home)), {
    code: 'RUNTIME_INTEGRITY',
    help: /delete "libc6=2\.36-9\+deb12u14" from ingot\.lock/,
  })
})
