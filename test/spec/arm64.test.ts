// Executables for linux-arm64, built on another machine and run under qemu.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'

import { findLaunchTable } from '../../src/image/elf/launch-table.ts'
import { readElf } from '../../src/image/elf/read.ts'
import { ingot, ingotBuild, run } from '../support/commands.ts'
import { runInEmptyRoot } from '../support/empty-root.ts'
import { emulated, withPages } from '../support/emulated.ts'
import { writeFiles } from '../support/files.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { THOROUGH } from '../support/thorough.ts'
import { needTool, outputOf } from './elf/executable.fixture.ts'

const PAGE = 0x10000
const [PT_LOAD, PT_DYNAMIC, PT_INTERP] = [1, 2, 3]
const [PF_X, PF_W] = [1, 2]
/** One that all targets have in the registry. */
const RUNTIME = 'node@26.10.0'

const MAIN = `
import { execFileSync, fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import http from 'node:http'
import { createRequire } from 'node:module'
import { Worker, isMainThread } from 'node:worker_threads'

const [, , command = 'hello', ...rest] = process.argv
if (!isMainThread) console.log('in a worker')
else if (command === 'hello') console.log('hello', process.arch, process.platform)
else if (command === 'files') {
  console.log(readdirSync(import.meta.dirname).join(), readFileSync(import.meta.dirname + '/data/text.txt', 'utf8').trim())
  console.log(existsSync('/etc'), existsSync('/lib'), createHash('sha256').update('x').digest('hex').slice(0, 8))
} else if (command === 'http') {
  const server = http.createServer((request, response) => response.end('pong ' + request.url))
  server.listen(0, '127.0.0.1', async () => {
    const { port } = server.address()
    console.log(await (await fetch('http://127.0.0.1:' + port + '/ping')).text())
    server.close()
  })
} else if (command === 'processes') {
  console.log(execFileSync(process.execPath, [import.meta.filename, 'child', 'a b'], { encoding: 'utf8' }).trim())
  new Worker(new URL(import.meta.url)).on('exit', () => fork(import.meta.filename, ['child', 'forked']).on('message', (it) => console.log('from', it)))
} else if (command === 'child') {
  if (process.send) process.send(rest[0], () => process.disconnect())
  else console.log('child', rest[0])
} else if (command === 'environment') {
  console.log(process.env.LD_LIBRARY_PATH, process.env.NODE_OPTIONS, process.env.PLAIN, process.execArgv.length)
} else if (command === 'native') {
  console.log(createRequire(import.meta.url)('./addon.node')(import.meta.dirname + '/data/' + rest[0]))
  console.log(/\\/dev\\/null\\/app\\/addon\\.node/.test(readFileSync('/proc/self/maps', 'utf8')))
}
`

if (THOROUGH)
  suite('an executable for linux-arm64', () => {
    const directory = temporaryDirectory()
    const file = path.join(directory, 'program')
    const project = writeFiles(path.join(directory, 'project'), {
      'package.json': { name: 'program', type: 'module' },
      'main.ts': MAIN,
      'data/text.txt': 'a text\nof two lines\n',
    })
    const build = (out: string, env = process.env) =>
      ingotBuild(
        [
          'main.ts',
          '-o',
          out,
          '--target',
          'linux-arm64',
          '--runtime',
          RUNTIME,
          '--include',
          'data/*',
          '--include',
          'addon.node',
        ],
        { cwd: project, env },
      )
    let built: Awaited<ReturnType<typeof build>>
    before(async () => {
      needTool('aarch64-linux-gnu-gcc', 'gcc-aarch64-linux-gnu')
      const source = path.join(import.meta.dirname, '../fixtures/arm64/addon.c')
      const options = ['-shared', '-fPIC', '-O1', '-Wall', '-Werror', '-o', path.join(project, 'addon.node')]
      execFileSync('aarch64-linux-gnu-gcc', [...options, source])
      built = await build(file)
    })
    const inEmptyRoot = (...args: string[]) =>
      runInEmptyRoot(file, { args, under: emulated(), uid: null, proc: true })

    test('is a static AArch64 program to everybody', () => {
      assert.match(outputOf('file', [file]), /ELF 64-bit LSB executable, ARM aarch64, .*statically linked/)
      const { programHeaders } = readElf(readFileSync(file), file)
      assert(!programHeaders.some(({ type }) => type === PT_INTERP || type === PT_DYNAMIC))
      assert(!programHeaders.some(({ flags }) => flags & PF_W && flags & PF_X))
    })

    test('can be mapped with pages of 64 KiB, and with any smaller ones', () => {
      const { programHeaders } = readElf(readFileSync(file), file)
      const loads = programHeaders.filter(({ type }) => type === PT_LOAD)
      for (const { virtualAddress, fileOffset, alignment } of loads) {
        assert.equal(virtualAddress % PAGE, fileOffset % PAGE)
        assert.equal(alignment, PAGE)
      }
      const pages = loads.map(({ virtualAddress, memorySize }) => [
        Math.floor(virtualAddress / PAGE),
        Math.ceil((virtualAddress + memorySize) / PAGE),
      ])
      pages
        .slice(1)
        .forEach(([start], i) => assert(start! >= pages[i]![1]!, `segments ${i} and ${i + 1} share a page`))
    })

    test('has what is mapped later on pages of 64 KiB, too', () => {
      const bytes = readFileSync(file)
      const { table } = findLaunchTable((offset, size) => bytes.subarray(offset, offset + size), file)
      assert.equal(table.systemFileOffset % PAGE, 0)
      assert.equal(table.payloadFileOffset % PAGE, 0)
      const addon = bytes.indexOf(readFileSync(path.join(project, 'addon.node')).subarray(0, 4096))
      assert.equal(addon % PAGE, 0)
    })

    test('says why it starts cold', () => {
      assert.equal(built.target, 'linux-arm64')
      assert.deepEqual(built.start, { kind: 'cold', reason: 'only linux-x64 has it' })
      assert.deepEqual(
        built.native.map((code) => code.path),
        ['addon.node'],
      )
    })

    test('has code caches, which its own node has made', async () => {
      assert(built.parts.codeCache > 0)
      assert.deepEqual(built.diagnostics, [])
    })

    test('has none where nothing runs its node, and says so', async () => {
      const out = path.join(directory, 'uncompiled')
      const { parts, diagnostics } = await build(out, { ...process.env, PATH: '/nowhere' })
      assert.equal(parts.codeCache, 0)
      assert.deepEqual(
        diagnostics.map(({ code }) => code),
        ['CODE_CACHE_LEFT_OUT'],
      )
      assert.match((await ingot(['inspect', out])).stdout, /same bytes +no: .*code caches/)
      const [qemu, ...options] = withPages(4096)
      assert.equal((await run(qemu, [...options, out])).stdout, 'hello arm64 linux\n')
    })

    for (const size of [4096, 16_384, 65_536]) {
      test(`runs with pages of ${size} bytes`, async () => {
        const [qemu, ...options] = withPages(size)
        for (const [command, expected] of [
          ['hello', 'hello arm64 linux\n'],
          ['http', 'pong /ping\n'],
        ] as const) {
          const { status, stdout, stderr } = await run(qemu, [...options, file, command])
          assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: expected, stderr: '' })
        }
        const { status, stdout } = await run(qemu, [...options, file, 'native', 'text.txt'])
        assert.deepEqual({ status, stdout }, { status: 0, stdout: NATIVE })
      })
    }

    for (const [command, ...lines] of [
      ['hello', 'hello arm64 linux'],
      ['files', 'addon.node,data,main.ts,package.json a text', 'of two lines', 'false false 2d711642'],
      ['processes', 'child a b', 'in a worker', 'from forked'],
    ] as const) {
      test(`does ${command} in an empty root`, async () => {
        const { status, stdout, stderr } = await inEmptyRoot(command)
        assert.deepEqual({ status, stderr }, { status: 0, stderr: '' })
        assert.equal(stdout, `${lines.join('\n')}\n`)
      })
    }

    const NATIVE = 'a text 20 20|1 1 644|0|/dev/null/app/data/text.txt|1|-1\ntrue\n'
    test('shows embedded files to native code', async () => {
      const { status, stdout, stderr } = await inEmptyRoot('native', 'text.txt')
      assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: NATIVE, stderr: '' })
      const missing = await inEmptyRoot('native', 'none')
      assert.equal(missing.stdout, '|0 0 0|-1|-|1|-1\ntrue\n')
    })

    test('is sealed against the environment', async () => {
      const env = { LD_LIBRARY_PATH: '/evil', NODE_OPTIONS: '--inspect=1', PLAIN: 'x' }
      const [command, ...args] = [...emulated(), file, 'environment']
      const { status, stdout, stderr } = await run(command, args, { env: { ...process.env, ...env } })
      assert.deepEqual({ status, stderr }, { status: 0, stderr: '' })
      assert.equal(stdout, '/evil --inspect=1 x 0\n')
    })

    test('is known to inspect and verify, on any machine', async () => {
      const inspected = await ingot(['inspect', file, '--json'])
      assert.equal(inspected.status, 0, inspected.stderr)
      assert.equal((JSON.parse(inspected.stdout) as { info: { target: string } }).info.target, 'linux-arm64')
      assert.match((await ingot(['verify', file])).stdout, /^sound /)
    })

    test('notices damage when it starts', async () => {
      const damaged = path.join(directory, 'damaged')
      const bytes = readFileSync(file)
      const { table } = findLaunchTable((offset, size) => bytes.subarray(offset, offset + size), file)
      for (const [place, name] of [
        [table.systemFileOffset + 5000, 'libraries'],
        [bytes.indexOf('INGOTLCH') + 4096, 'launcher'],
      ] as const) {
        const copy = Buffer.from(bytes)
        copy.writeUInt8(copy.readUInt8(place) ^ 1, place)
        writeFileSync(damaged, copy, { mode: 0o755 })
        const [qemu, ...options] = withPages(4096)
        const { status, stderr } = await run(qemu, [...options, damaged])
        assert.equal(status, 74, stderr)
        assert.match(stderr, new RegExp(`its ${name} is damaged`))
      }
    })

    test('is the same bytes again', async () => {
      const again = path.join(directory, 'again')
      await build(again)
      assert(readFileSync(again).equals(readFileSync(file)))
    })
  })
