import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { packTar } from 'modern-tar'
import type { BuildError } from '../base/diagnostics.ts'
import { readAr, unpackDeb } from './deb.ts'
import { makeHome } from './loopback.fixture.ts'

function ar(members: Readonly<Record<string, Uint8Array>>): Buffer {
  const parts = Object.entries(members).flatMap(([name, data]) => {
    const header = `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(12)}${'100644'.padEnd(8)}${String(data.length).padEnd(10)}\`\n`
    return [Buffer.from(header), Buffer.from(data), Buffer.from(data.length % 2 === 0 ? '' : '\n')]
  })
  return Buffer.concat([Buffer.from('!<arch>\n'), ...parts])
}

const DATA_TAR = await packTar([
  { header: { name: './lib/', size: 0, type: 'directory' } },
  { header: { name: './lib/a.so.1', size: 3 }, body: 'one' },
  { header: { name: './lib/b.so.1', size: 3 }, body: 'two' },
  { header: { name: './lib/link.so', size: 0, type: 'symlink', linkname: 'a.so.1' } },
])

const WANTED = new Map([
  ['lib/a.so.1', 'a'],
  ['lib/link.so', 'link'],
  ['lib/missing', 'missing'],
])

function unpack(t: TestContext, bytes: Buffer) {
  const { projectDir, env } = makeHome(t)
  const file = join(projectDir, 'x.deb')
  const dir = join(projectDir, 'out')
  mkdirSync(dir)
  writeFileSync(file, bytes)
  return { file, dir, done: unpackDeb(file, dir, WANTED, env) }
}

const COMPRESSIONS: readonly [name: string, compress: (data: Uint8Array) => Uint8Array][] = [
  ['data.tar', (data) => data],
  ['data.tar.gz', gzipSync],
  ['data.tar.zst', zstdCompressSync],
  ['data.tar.xz', (data) => execFileSync('xz', ['--stdout'], { input: data })],
]

for (const [name, compress] of COMPRESSIONS) {
  test(`the wanted regular files of a package with ${name} are unpacked`, async (t) => {
    const control = { 'debian-binary': Buffer.from('2.0\n'), 'control.tar': new Uint8Array(1) }
    const { dir, done } = unpack(t, ar({ ...control, [name]: compress(DATA_TAR) }))
    await done
    assert.deepEqual(readdirSync(dir), ['a'])
    assert.equal(readFileSync(join(dir, 'a'), 'utf8'), 'one')
  })
}

test('members follow each other at even offsets', () => {
  const members = readAr(ar({ 'a/': Buffer.from('odd'), b: Buffer.from('even') }), 'x.deb')
  assert.deepEqual(
    members.map(({ name, data }) => [name, data.toString()]),
    [
      ['a', 'odd'],
      ['b', 'even'],
    ],
  )
})

const GOOD = ar({ 'debian-binary': Buffer.from('2.0\n'), 'data.tar.gz': gzipSync(DATA_TAR) })

const INVALID: readonly [name: string, bytes: Buffer, offset: number][] = [
  ['an empty file', Buffer.alloc(0), 0],
  ['another file', Buffer.from('PK'), 0],
  ['a cut-off member', GOOD.subarray(0, -10), 72],
  ['a cut-off header', GOOD.subarray(0, 100), 72],
  ['no data', ar({ 'debian-binary': Buffer.from('2.0\n') }), 0],
  ['an unknown compression', ar({ 'data.tar.lzma': Buffer.alloc(1) }), 0],
]

for (const [name, bytes, offset] of INVALID) {
  test(`${name} is refused at byte ${offset}`, async (t) => {
    const { file, done } = unpack(t, bytes)
    await assert.rejects(done, (error: BuildError) => {
      assert.equal(error.code, 'DEB_INVALID')
      assert.deepEqual(error.at, { file, offset })
      return true
    })
  })
}
