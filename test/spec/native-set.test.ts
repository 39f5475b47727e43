// Seven packages with native code in one executable, in a root that is read-only and has nothing but
// a /tmp from which nothing can be executed: they say what they say under plain Node, and no file is made.
//
// npm runs no install scripts here. Six packages bring what they need; node-pty is compiled.

import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'

import type { BuildResult } from '../../src/base/build-result.ts'
import { ingotBuild, run, runNode } from '../support/commands.ts'
import { runInEmptyRoot } from '../support/empty-root.ts'
import { installed } from '../support/installed.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { THOROUGH } from '../support/thorough.ts'
import { needTool, skipWithoutRoot } from './elf/executable.fixture.ts'

const FIXTURE = fileURLToPath(new URL('../fixtures/native-set', import.meta.url))

/** What node-pty's binding.gyp says, with the headers of Node-API from npm. */
async function compileTerminal(installation: string): Promise<void> {
  const modules = path.join(installation, 'node_modules')
  const source = path.join(modules, 'node-pty')
  const release = path.join(source, 'build/Release')
  mkdirSync(release, { recursive: true })
  const headers = [
    path.join(source, 'node_modules/node-addon-api'),
    path.join(modules, 'node-addon-api'),
    path.join(modules, 'node-api-headers/include'),
  ]
  const flags = ['-shared', '-fPIC', '-std=c++17', '-DNAPI_CPP_EXCEPTIONS', '-DNODE_GYP_MODULE_NAME=pty']
  const includes = headers.map((directory) => `-I${directory}`)
  const files = [path.join(source, 'src/unix/pty.cc'), '-o', path.join(release, 'pty.node'), '-lutil']
  const { status, stderr } = await run('g++', [...flags, ...includes, ...files])
  if (status !== 0) throw new Error(`node-pty does not compile: ${stderr}`)
}

/** System calls that give a file a name. What memfd_create makes has none. */
const CREATING =
  'open,openat,openat2,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,mknod,mknodat'

suite('seven packages with native code', { skip: skipWithoutRoot || (!THOROUGH && 'with CI only') }, () => {
  const directory = temporaryDirectory()
  const executable = path.join(directory, 'set')
  let result: BuildResult
  let reference: string

  before(async () => {
    needTool('g++', 'g++')
    needTool('strace', 'strace')
    // Not copied: it is half a gigabyte.
    const project = await installed(FIXTURE, compileTerminal)
    for (const name of readdirSync(FIXTURE)) copyFileSync(path.join(FIXTURE, name), path.join(project, name))
    result = await ingotBuild(['main.mjs', '-o', executable], { cwd: project })
    // @swc/core unpacks its addon into a cache directory, onnxruntime keeps a database.
    const home = path.join(directory, 'home')
    mkdirSync(home)
    const plain = await runNode(['main.mjs'], {
      cwd: project,
      env: { PATH: process.env['PATH'], HOME: home },
    })
    assert.deepEqual([plain.status, plain.stderr], [0, ''])
    reference = plain.stdout
  })

  test('are all inside, and what one of them would unpack is unpacked', () => {
    const inside = new Set(result.native.map((code) => code.package))
    for (const name of [
      'better-sqlite3',
      'node-pty',
      'onnxruntime-node',
      '@duckdb/node-bindings-linux-x64',
      '@esbuild/linux-x64',
      '@img/sharp-linux-x64',
      '@img/sharp-libvips-linux-x64',
      '@swc/core-linux-x64-gnu',
    ]) {
      assert.ok(inside.has(name), name)
    }
    const unpacked = result.diagnostics.filter(({ code }) => code === 'NATIVE_UNPACKED')
    assert.deepEqual(
      unpacked.map(({ at }) => path.basename(at?.file ?? '')),
      ['swc.linux-x64-gnu.node'],
    )
    assert.deepEqual(
      result.diagnostics.filter(({ severity }) => severity !== 'info'),
      [],
    )
  })

  for (const { title, tmp, env } of [
    { title: 'a /tmp that cannot be written', tmp: 'read-only', env: {} },
    // onnxruntime keeps a log and a database for Microsoft where it can.
    {
      title: 'a /tmp that can be written',
      tmp: 'writable',
      env: { ORT_DISABLE_TELEMETRY: '1', HOME: '/tmp' },
    },
  ] as const) {
    test(`work with ${title} and not be executed from, and make no file`, async () => {
      const log = path.join(directory, `${tmp}.log`)
      const { status, stdout } = await runInEmptyRoot(executable, {
        proc: true,
        terminals: true,
        tmp,
        env,
        under: ['strace', '-f', '-qq', '-o', log, '-e', `trace=${CREATING},execve,execveat`],
      })
      assert.deepEqual([status, stdout], [0, reference])

      const lines = wholeCalls(readFileSync(log, 'utf8'))
      const own = lines.slice(lines.findIndex((line) => line.includes('execve("/set"')))
      assert.ok(own.length > 20, 'the program was watched')
      const made = own.filter((line) => isCreation(line) && !/ = -1 E[A-Z]+ /.test(line))
      assert.deepEqual(made, [])
      assert.ok(
        own.some((line) => /execveat\(\d+, "", .*--service/.test(line)),
        'esbuild ran from memory',
      )
    })
  }

  test('work without /proc', async () => {
    const { status, stdout } = await runInEmptyRoot(executable, { terminals: true, tmp: 'read-only' })
    assert.deepEqual([status, stdout], [0, reference])
  })
})

/** strace writes the result of a call on another line where threads come in between. */
function wholeCalls(log: string): string[] {
  const begun = new Map<string, string>()
  return log.split('\n').flatMap((line) => {
    const [, pid = '', call = ''] = /^(\d+) +(.*)$/.exec(line) ?? []
    if (call.endsWith(' <unfinished ...>')) {
      begun.set(pid, line.replace(' <unfinished ...>', ''))
      return []
    }
    const end = /^<\.\.\. \w+ resumed>(.*)$/.exec(call)?.[1]
    if (end === undefined) return [line]
    const start = begun.get(pid)
    begun.delete(pid)
    return [`${start ?? pid}${end}`]
  })
}

function isCreation(line: string): boolean {
  if (/ (?:open|openat|openat2)\(/.test(line)) return /O_CREAT|O_TMPFILE/.test(line)
  return /\d+ +(?:creat|mkdir|rename|link|symlink|mknod)\w*\(/.test(line)
}
