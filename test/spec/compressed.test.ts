// `ingot build --compress`: the program is the same, and so is all that it can see of how it was started.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
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
import { constants } from 'node:os'
import path from 'node:path'
import { before, test } from 'node:test'

import { build } from '../../src/build.ts'
import { unpack } from '../../src/image/elf/packed.ts'
import { ingot, ingotFails, REPOSITORY, run } from '../support/commands.ts'
import { isolation, printed, runInEmptyRoot, type RootOptions } from '../support/empty-root.ts'
import { copyOfExample } from '../support/example.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { THOROUGH } from '../support/thorough.ts'
import { buildRefuse } from './frozen/refuse.fixture.ts'

const { EACCES, EPERM } = constants.errno
/** asm/unistd_64.h */
const SYS_CLONE = 56

const thorough = { skip: !THOROUGH && 'with CI only' }
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
  const content = contentOf(compressed)
  assert.equal(content.length, result.size)
  writeFileSync(plain, content, { mode: 0o755 })
})

function contentOf(file: string): Uint8Array {
  const bytes = readFileSync(file)
  const content = unpack((offset, count) => bytes.subarray(offset, offset + count), file, bytes.length)
  assert.ok(content)
  return content
}

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

test('with /proc', thorough, async () => {
  const facts = JSON.parse(await sameFacts({ proc: true }))
  assert.equal(facts.execPath, '/program')
  assert.equal(facts.ofFork.execPath, '/program')
})

test('what the environment says of the file counts for nothing', thorough, async () => {
  const env = { '\u0001INGOT_FILE': '/elsewhere', '\u0001INGOT_CHILD': '1' }
  for (const file of [compressed, plain]) {
    const { stdout } = await runInEmptyRoot(file, { args: ['name'], env, proc: true })
    assert.equal(stdout, '/program\n')
  }
})

test('one processor; files of few bytes; no thread but by clone3, as node makes them', thorough, async () => {
  const refuse = await buildRefuse(directory)
  for (const [command, ...args] of [
    ['taskset', '1'],
    ['prlimit', '--fsize=4096:unlimited'],
    [refuse, String(EPERM), String(SYS_CLONE)],
  ] as const) {
    const { status, stderr } = await run(command, [...args, compressed, 'exit', '3'])
    assert.deepEqual([status, stderr], [3, ''], command)
  }
})

test('exit codes and signals', async () => {
  assert.equal((await run(compressed, ['exit', '7'])).status, 7)
  const child = spawn(compressed, ['wait'], { stdio: 'pipe' })
  await printed(child.stdout, /waiting/)
  child.kill('SIGTERM')
  const [code] = await new Promise<unknown[]>((resolve) => child.once('exit', (...all) => resolve(all)))
  assert.equal(code, 5)
})

test('what it cannot have', thorough, async () => {
  const file = await run('prlimit', ['--fsize=4096:4096', compressed])
  assert.equal(file.status, 71)
  assert.match(
    file.stderr,
    /^error EXECUTABLE_REFUSED .*program {2}it is compressed, .* pwrite fails with error 27\n {2}help: /,
  )
  const memory = await run('prlimit', ['--as=60000000', compressed])
  assert.equal(memory.status, 71)
  assert.match(
    memory.stderr,
    /^error EXECUTABLE_NO_MEMORY .*program {2}it is compressed, and takes 1\d\d MB of memory more/,
  )
})

test('a system that refuses files in memory, or to run them', thorough, async () => {
  const refuse = await buildRefuse(directory)
  const refused = (call: string, error: number) =>
    new RegExp(
      `^error EXECUTABLE_REFUSED .*program {2}it is compressed, .*: ${call} fails with error ${error}\\n {2}help: `,
    )
  for (const [call, number] of [
    ['memfd_create', 319],
    ['execveat', 322],
  ] as const) {
    const { status, stderr } = await run(refuse, [String(EPERM), String(number), compressed, 'exit', '3'])
    assert.equal(status, 71)
    assert.match(stderr, refused(call, EPERM))
  }
  if (isolation() !== 'root') return
  // Of a namespace of processes.
  const script = 'echo 2 > /proc/sys/vm/memfd_noexec; "$1" exit 3; exit $?'
  const namespace = ['--pid', '--fork', '--mount-proc', 'sh', '-c', script, 'sh', compressed]
  const { status, stderr } = await run('unshare', namespace)
  // Before Linux 6.3 there is no such thing.
  if (!stderr.includes('nonexistent')) assert.match(stderr, refused('memfd_create', EACCES))
  assert.equal(status, stderr.includes('EXECUTABLE_REFUSED') ? 71 : 3)
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
    if (!THOROUGH) continue
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

test('what reads executables reads it, and what changes them says no', thorough, async () => {
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

test('an addon, in an empty root, and the image of it', thorough, async () => {
  const cwd = await copyOfExample('addon')
  const out = path.join(cwd, 'program')
  await build({ cwd, out, compress: { level: 1 } })
  const { status, stdout, stderr } = await runInEmptyRoot(out)
  assert.deepEqual([status, stderr], [0, ''])
  const reference = path.join(cwd, 'reference')
  const { compressedSize } = await build({ cwd, out: reference })
  assert.equal(compressedSize, undefined)
  assert.equal(stdout, (await runInEmptyRoot(reference)).stdout)
  const digestOf = async (file: string) => {
    const image = await ingot(['image', file, '-t', 'addon:1', '--output', `${file}.tar`, '--json'])
    assert.equal(image.status, 0, image.stderr)
    return (JSON.parse(image.stdout) as { digest: string }).digest
  }
  writeFileSync(reference, contentOf(out), { mode: 0o755 })
  assert.equal(await digestOf(out), await digestOf(reference))
})

test('damage anywhere', thorough, async () => {
  const damaged = path.join(directory, 'damaged')
  const bytes = readFileSync(compressed)
  // What the kernel does not take for an executable is given to a shell, which may find redirections in it.
  const cwd = path.join(directory, 'scratch')
  mkdirSync(cwd)
  for (let i = 0; i < 200; i++) {
    const changed = Buffer.from(bytes)
    // Half of them in the headers and the code, which is a thousandth of the file.
    const at = randomInt(i % 2 ? 0x5000 : size)
    changed[at]! ^= 1 << randomInt(8)
    writeFileSync(damaged, changed, { mode: 0o755 })
    const { status, stdout, stderr } = await run(damaged, ['name'], { cwd })
    if (at >= 0x5000) {
      assert.deepEqual([status, stdout], [74, ''], `byte ${at}`)
      assert.match(stderr, /^error EXECUTABLE_DAMAGED /)
    } else {
      // Damage to who looks for damage may garble what it says, or how it ends. What it has decompressed is right, or does not run.
      assert.ok(stdout === '' ? status !== 0 : stdout === `${damaged}\n`, `byte ${at}: ${status} ${stdout}`)
    }
  }
})

test('the same bytes each time', thorough, async () => {
  const cwd = path.join(directory, 'project')
  const options = { cwd, entry: 'main.mjs', compress: { level: 1 }, start: 'cold' } as const
  const outs = [path.join(directory, 'one'), path.join(directory, 'two')]
  for (const out of outs) await build({ ...options, out })
  assert.ok(readFileSync(outs[0]!).equals(readFileSync(outs[1]!)))
})
