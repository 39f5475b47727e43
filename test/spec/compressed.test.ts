// `ingot build --compress`: the program is the same, and so is all that it can see of how it was started.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { before, test } from 'node:test'

import { build } from '../../src/build.ts'
import { unpack } from '../../src/image/elf/packed.ts'
import { ingot, ingotFails, REPOSITORY, run } from '../support/commands.ts'
import { printed, runInEmptyRoot, type RootOptions } from '../support/empty-root.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { THOROUGH } from '../support/thorough.ts'

const directory = temporaryDirectory()
/** The same program under the same name, compressed and not. */
const compressed = path.join(directory, 'compressed/program')
const plain = path.join(directory, 'plain/program')
let size: number

before(async () => {
  const cwd = path.join(directory, 'project')
  cpSync(path.join(REPOSITORY, 'test/fixtures/compressed'), cwd, { recursive: true })
  chmodSync(directory, 0o755)
  mkdirSync(path.dirname(plain))
  // Level 1 takes a second, where 22 takes minutes.
  const result = await build({
    cwd,
    entry: 'main.mjs',
    out: compressed,
    compress: { level: 1 },
    runtime: `node@${process.versions.node}`,
    ...(!THOROUGH && { start: 'cold' }),
  })
  size = statSync(compressed).size
  assert.equal(result.compressedSize, size)
  const file = readFileSync(compressed)
  const content = unpack((offset, count) => file.subarray(offset, offset + count), compressed, size)
  assert.equal(content?.length, result.size)
  writeFileSync(plain, content, { mode: 0o755 })
})

/** What both print, their own paths aside. */
async function sameFacts(options: RootOptions): Promise<string> {
  const given = { args: ['facts', 'a', '--b'], input: 'some input', ...options }
  const [ofCompressed, ofPlain] = [
    await runInEmptyRoot(compressed, given),
    await runInEmptyRoot(plain, given),
  ]
  assert.deepEqual(ofCompressed, ofPlain)
  assert.equal(ofCompressed.status, 0, ofCompressed.stderr)
  return ofCompressed.stdout
}

test('an empty root without /proc, read-only, as nobody', async () => {
  const facts = JSON.parse(await sameFacts({ env: { X: '1' } }))
  assert.equal(facts.execPath, '/program')
  assert.deepEqual(facts.script, [0, '2\n', '', null], 'a child by execPath')
  assert.equal(facts.ofFork.execPath, '/program')
  assert.deepEqual(facts.marks, [])
})

test('with /proc', async () => {
  const facts = JSON.parse(await sameFacts({ proc: true }))
  assert.equal(facts.execPath, '/program')
  assert.equal(facts.ofFork.execPath, '/program')
})

test('what the environment says of the file counts for nothing', async () => {
  const env = { '\u0001INGOT_FILE': '/elsewhere', '\u0001INGOT_CHILD': '1' }
  for (const file of [compressed, plain]) {
    const { stdout } = await runInEmptyRoot(file, { args: ['name'], env, proc: true })
    assert.equal(stdout, '/program\n')
  }
})

test('one processor; files of few bytes; no threads', async () => {
  for (const [command, ...args] of [
    ['taskset', '1'],
    ['prlimit', '--fsize=4096:unlimited'],
  ] as const) {
    const { status, stderr } = await run(command, [...args, compressed, 'exit', '3'])
    assert.deepEqual([status, stderr], [3, ''], command)
  }
  // It is node that cannot do without.
  const args = ['--nproc=1:1', 'setpriv', '--reuid=65534', '--clear-groups', compressed, 'exit', '3']
  assert.match((await run('prlimit', args)).stderr, /node::WorkerThreadsTaskRunner|^$/)
})

test('exit codes and signals', async () => {
  assert.equal((await run(compressed, ['exit', '7'])).status, 7)
  const child = spawn(compressed, ['wait'], { stdio: 'pipe' })
  await printed(child.stdout, /waiting/)
  child.kill('SIGTERM')
  const [code] = await new Promise<unknown[]>((resolve) => child.once('exit', (...all) => resolve(all)))
  assert.equal(code, 5)
})

test('what it cannot have', async () => {
  const file = await run('prlimit', ['--fsize=4096:4096', compressed])
  assert.equal(file.status, 71)
  assert.match(
    file.stderr,
    /^error EXECUTABLE_REFUSED .*program {2}it is compressed, .* ftruncate fails with error 27\n {2}help: /,
  )
  const memory = await run('prlimit', ['--as=100000000', compressed])
  assert.equal(memory.status, 71)
  assert.match(
    memory.stderr,
    /^error EXECUTABLE_NO_MEMORY .*program {2}it is compressed, and takes 1\d\d MB of memory more/,
  )
})

test('damage', async () => {
  const damaged = path.join(directory, 'damaged')
  copyFileSync(compressed, damaged)
  const bytes = readFileSync(compressed)
  const codeEnd = 0x5000
  const places = [
    { at: 0x208, what: 'header' },
    { at: 0x240, what: 'header' },
    { at: 0xfff, what: 'header' },
    { at: codeEnd - 1, what: 'decompressor' },
    { at: codeEnd, what: 'compressed part' },
    { at: size >> 1, what: 'compressed part' },
    { at: size - 65, what: 'compressed part' },
  ]
  for (const { at, what } of places) {
    const changed = Buffer.from(bytes)
    changed[at]! ^= 1
    writeFileSync(damaged, changed)
    const { status, stdout, stderr } = await run(damaged, ['name'])
    assert.deepEqual([status, stdout], [74, ''], `byte ${at}: ${stderr}`)
    assert.match(
      stderr,
      new RegExp(`^error EXECUTABLE_DAMAGED ${damaged} {2}its ${what} is damaged\n {2}help: `),
    )
    const verified = await ingot(['verify', damaged])
    assert.notEqual(verified.status, 0)
    assert.match(verified.stderr, /EXECUTABLE_DAMAGED/)
  }
  writeFileSync(damaged, bytes)
  truncateSync(damaged, size - 100_000)
  const { status, stderr } = await run(damaged, ['name'])
  assert.equal(status, 74, stderr)
  assert.match(stderr, /its (?:end|compressed part) is damaged/)
})

test('what reads executables reads it, and what changes them says no', async () => {
  const inspected = JSON.parse((await ingot(['inspect', compressed, '--json'])).stdout)
  assert.equal(inspected.compressedSize, size)
  assert.equal(inspected.size, statSync(plain).size)
  assert.match(
    (await ingot(['inspect', compressed])).stdout,
    /MB, compressed \(1\d\d\.\d MB decompressed\), for linux-x64/,
  )
  assert.equal((await ingot(['verify', compressed])).status, 0)
  assert.equal((await ingot(['diff', compressed, plain])).status, 0)
  const { status, stderr } = await ingot(['fuse', compressed, 'inspector=on'])
  assert.equal(status, 1)
  assert.match(stderr, /^error COMPRESSED_FIXED .*program/)
})

test('for other targets there is none', async () => {
  const { error } = await ingotFails(['main.mjs', '--compress', '--target', 'linux-arm64'], {
    cwd: path.join(directory, 'project'),
  })
  assert.equal(error.code, 'COMPRESS_TARGET')
})
