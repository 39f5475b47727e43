import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { BuildError } from '../base/diagnostics.ts'
import { sha256, sha256File } from './hash.ts'
import { makeHome, type Home } from './loopback.fixture.ts'
import { resolveRuntime } from './node.ts'

const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:'

/** The bytes of a node, as far as we look at them. */
function fakeNode(text = `node.js/v26.10.0\0${FUSE}0`): Buffer {
  const bytes = Buffer.alloc(64)
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  bytes.set([2, 0, 0x3e, 0], 16)
  return Buffer.concat([bytes, Buffer.from(text)])
}

function writeNode(home: Home, bytes: Buffer): string {
  const file = join(home.projectDir, 'bin', 'node')
  mkdirSync(join(home.projectDir, 'bin'), { recursive: true })
  writeFileSync(file, bytes)
  return file
}

function resolve(home: Home, file: string) {
  return resolveRuntime({ kind: 'path', file }, 'linux-x64', home)
}

test('a node is taken from its path, with the licence beside bin', async (t) => {
  const home = makeHome(t)
  const file = writeNode(home, fakeNode())
  const expected = { file, sha256: sha256(fakeNode()), version: '26.10.0', origin: `file:${file}` }
  assert.deepEqual(await resolve(home, file), { ...expected, license: undefined })
  writeFileSync(join(home.projectDir, 'LICENSE'), 'MIT')
  assert.deepEqual(await resolve(home, file), { ...expected, license: join(home.projectDir, 'LICENSE') })
  assert.equal(readdirSync(home.cacheDir).length, 1)
})

test('a replaced file is looked at again', async (t) => {
  const home = makeHome(t)
  const file = writeNode(home, fakeNode())
  await resolve(home, file)
  writeNode(home, fakeNode(`node.js/v26.11.0\0${FUSE}0`))
  assert.equal((await resolve(home, file)).version, '26.11.0')
})

test('the node that runs this test is one', { skip: !/^v2[6-9]/.test(process.version) }, async (t) => {
  const runtime = await resolve(makeHome(t), process.execPath)
  assert.equal(`v${runtime.version}`, process.version)
  assert.equal(runtime.sha256, await sha256File(process.execPath))
})

function patched(offset: number, ...values: number[]): Buffer {
  const bytes = fakeNode()
  bytes.set(values, offset)
  return bytes
}

const REFUSED: readonly [name: string, bytes: Buffer, offset: number | undefined, problem: RegExp][] = [
  ['an empty file', Buffer.alloc(0), 0, /not an ELF/],
  ['a script', Buffer.from('#!/bin/sh\n'), 0, /not an ELF/],
  ['a 32-bit ELF', patched(4, 1), 4, /EI_CLASS/],
  ['a big-endian ELF', patched(5, 2), 5, /EI_DATA/],
  ['an object file', patched(16, 1, 0), 16, /e_type/],
  ['an arm64 ELF', patched(18, 0xb7, 0), 18, /e_machine/],
  ['another program', fakeNode('hello'), undefined, /no single-executable fuse/],
  [
    'a finished executable',
    fakeNode(`node.js/v26.10.0\0${FUSE}1`),
    64 + 17 + FUSE.length,
    /already carries a program/,
  ],
  ['a node of unknown version', fakeNode(`${FUSE}0`), undefined, /version cannot be found/],
]

for (const [name, bytes, offset, problem] of REFUSED) {
  test(`${name} is refused`, async (t) => {
    const home = makeHome(t)
    const file = writeNode(home, bytes)
    await assert.rejects(resolve(home, file), (error: BuildError) => {
      assert.equal(error.code, 'RUNTIME_NOT_NODE')
      assert.match(error.message, problem)
      assert.deepEqual(error.at, offset === undefined ? { file } : { file, offset })
      assert.ok(error.help)
      return true
    })
  })
}

test('an old node is refused', async (t) => {
  const home = makeHome(t)
  const file = writeNode(home, fakeNode(`node.js/v26.6.2\0${FUSE}0`))
  await assert.rejects(resolve(home, file), { code: 'RUNTIME_TOO_OLD' })
})

test('a path that is no file is refused, a link to a node is not', async (t) => {
  const home = makeHome(t)
  await assert.rejects(resolve(home, join(home.projectDir, 'missing')), { code: 'RUNTIME_NOT_NODE' })
  await assert.rejects(resolve(home, home.projectDir), { code: 'RUNTIME_NOT_NODE' })
  const link = join(home.projectDir, 'link')
  symlinkSync(writeNode(home, fakeNode()), link)
  chmodSync(link, 0o755)
  assert.equal((await resolve(home, link)).version, '26.10.0')
})
