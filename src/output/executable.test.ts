import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'

import type { BuildError } from '../base/diagnostics.ts'
import {
  abandonExecutable,
  beginExecutable,
  extendExecutable,
  publishExecutable,
  type Appendix,
  type PendingExecutable,
} from './executable.ts'

function workDirectory(t: TestContext): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'ingot-output-'))
  chmodSync(directory, 0o755)
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  writeFileSync(path.join(directory, 'base'), 'base image')
  return directory
}

const appendix: Appendix = {
  offset: 10,
  chunks: [Buffer.from('-payload'), Buffer.from('-tail')],
  patches: [{ offset: 0, bytes: Buffer.from('B') }],
}

async function finish(pending: PendingExecutable, appendix: Appendix): Promise<void> {
  try {
    await extendExecutable(pending, appendix)
    await publishExecutable(pending)
  } catch (error) {
    await abandonExecutable(pending)
    throw error
  }
}

test('a copy of the base, the payload behind it, the patches in it', async (t) => {
  const directory = workDirectory(t)
  const out = path.join(directory, 'new/out')
  await finish(beginExecutable(path.join(directory, 'base'), out), appendix)
  assert.equal(readFileSync(out, 'utf8'), 'Base image-payload-tail')
  assert.equal(statSync(out).mode & 0o111, 0o111 & ~process.umask())
  assert.deepEqual(readdirSync(path.dirname(out)), ['out'])
})

test('a base of more than one block', async (t) => {
  const directory = workDirectory(t)
  const base = path.join(directory, 'large')
  const bytes = Buffer.alloc(3 * 2 ** 18 + 1, 'a base ')
  writeFileSync(base, bytes)
  const out = path.join(directory, 'out')
  await finish(beginExecutable(base, out), {
    offset: bytes.length,
    chunks: [Buffer.from('end')],
    patches: [],
  })
  assert.ok(readFileSync(out).equals(Buffer.concat([bytes, Buffer.from('end')])))
})

test('more chunks than one system call takes', async (t) => {
  const directory = workDirectory(t)
  const out = path.join(directory, 'out')
  const chunks = Array.from({ length: 3000 }, (_, i) => Buffer.from(`${i},`))
  await finish(beginExecutable(path.join(directory, 'base'), out), { ...appendix, chunks })
  assert.equal(readFileSync(out, 'utf8'), `Base image${chunks.join('')}`)
})

test('an abandoned one leaves the old output', async (t) => {
  const directory = workDirectory(t)
  const out = path.join(directory, 'out')
  writeFileSync(out, 'old')
  await abandonExecutable(beginExecutable(path.join(directory, 'base'), out))
  assert.deepEqual([readFileSync(out, 'utf8'), readdirSync(directory).toSorted()], ['old', ['base', 'out']])
})

test('a directory without permission', async (t) => {
  const directory = workDirectory(t)
  const closed = path.join(directory, 'closed')
  mkdirSync(closed, { mode: 0o555 })
  const out = path.join(closed, 'out')
  // Root may write everywhere.
  const isRoot = process.getuid?.() === 0
  if (isRoot) process.seteuid!(65534)
  try {
    const pending = beginExecutable(path.join(directory, 'base'), out)
    await assert.rejects(finish(pending, appendix), (error: BuildError) => {
      assert.deepEqual([error.code, error.at?.file], ['OUTPUT_UNWRITABLE', out])
      return true
    })
  } finally {
    if (isRoot) process.seteuid!(0)
  }
  assert.equal(existsSync(out), false)
  assert.deepEqual(readdirSync(closed), [])
})
