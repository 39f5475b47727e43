// What a build says when it cannot go on: a code, a place, a remedy and an exit code; and that it
// leaves nothing half-written behind. The same errors as text are the business of src/cli/*.test.ts.

import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'

import { ingot, INGOT, ingotBuild, ingotFails, run } from '../support/commands.ts'
import { runInEmptyRoot } from '../support/empty-root.ts'
import type { Files } from '../support/files.ts'
import { failsCleanly, HELLO, makeProject } from '../support/project.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const isRoot = process.getuid?.() === 0
const work = temporaryDirectory()

/** Relative to the project. */
interface Expected {
  readonly status: number
  readonly code: string
  readonly message: RegExp
  readonly file?: string
  readonly line?: number
  readonly column?: number
  readonly help?: RegExp
}

interface Case {
  readonly title: string
  readonly files?: Files
  readonly args: readonly string[]
  readonly expected: Expected
}

const cases: readonly Case[] = [
  {
    title: 'a missing entry',
    args: ['main.js'],
    expected: {
      status: 1,
      code: 'ENTRY_NOT_FOUND',
      message: /main\.js does not exist/,
      help: /Did you mean .*main\.ts/,
    },
  },
  {
    title: 'no entry at all',
    files: { 'package.json': { name: 'nothing' } },
    args: [],
    expected: {
      status: 1,
      code: 'ENTRY_NOT_FOUND',
      message: /no entry module/,
      help: /ingot build path\/to\/main\.ts/,
    },
  },
  {
    title: 'a syntax error in the entry',
    files: { 'main.ts': `const one: number = 1\n\nfunction two( {\n  return 2\n}\n` },
    args: ['main.ts'],
    expected: { status: 1, code: 'SYNTAX_ERROR', message: /./, file: 'main.ts', line: 4, help: /./ },
  },
  {
    title: 'a syntax error in a module that is imported',
    files: { 'main.ts': `import './lib/broken.ts'\n`, 'lib/broken.ts': `export const x: = 1\n` },
    args: ['main.ts'],
    expected: {
      status: 1,
      code: 'SYNTAX_ERROR',
      message: /./,
      file: 'lib/broken.ts',
      line: 1,
      column: 17,
      help: /./,
    },
  },
  {
    title: 'decorators of the standard, which V8 does not have',
    files: {
      'main.ts': `const mark = (..._: any[]): any => {}\nclass Maths {\n  @mark add() {}\n}\nnew Maths()\n`,
    },
    args: ['main.ts'],
    expected: {
      status: 1,
      code: 'DECORATORS_STANDARD',
      message: /decorators/,
      file: 'main.ts',
      line: 3,
      column: 3,
      help: /experimentalDecorators/,
    },
  },
  {
    title: 'accessor fields, which V8 does not have',
    files: { 'main.ts': `class Maths {\n  accessor sum: number = 1\n}\nnew Maths()\n` },
    args: ['main.ts'],
    expected: {
      status: 1,
      code: 'ACCESSOR_FIELDS',
      message: /accessor/,
      file: 'main.ts',
      line: 2,
      column: 3,
      help: /es2022/,
    },
  },
  {
    title: 'a package that Yarn has in an archive',
    files: { 'main.ts': `import 'left-pad'\n`, '.pnp.cjs': '' },
    args: ['main.ts'],
    expected: {
      status: 1,
      code: 'UNRESOLVED_IMPORT',
      message: /left-pad/,
      file: 'main.ts',
      line: 1,
      column: 8,
      help: /nodeLinker/,
    },
  },
  {
    title: 'an import of a file that is not there',
    files: { 'main.ts': `console.log(1)\n  ; import { x } from './none.ts'\nconsole.log(x)\n` },
    args: ['main.ts'],
    expected: {
      status: 1,
      code: 'UNRESOLVED_IMPORT',
      message: /'\.\/none\.ts'/,
      file: 'main.ts',
      line: 2,
      column: 23,
      help: /path/,
    },
  },
  {
    title: 'an import of a package that is not installed',
    files: { 'main.ts': `import './lib.ts'\n`, 'lib.ts': `\nexport * from 'left-pad/sub'\n` },
    args: ['main.ts'],
    expected: {
      status: 1,
      code: 'UNRESOLVED_IMPORT',
      message: /'left-pad\/sub'/,
      file: 'lib.ts',
      line: 2,
      column: 15,
      help: /npm install left-pad\b/,
    },
  },
  {
    title: 'an unknown option',
    args: ['main.ts', '--minfy'],
    expected: { status: 2, code: 'CLI_UNKNOWN_OPTION', message: /--minfy/, help: /--minify/ },
  },
  {
    title: 'an unknown key in the configuration',
    files: { ...HELLO, 'ingot.config.ts': `export default { entry: 'main.ts', inclued: [] }\n` },
    args: [],
    expected: {
      status: 1,
      code: 'CONFIG_UNKNOWN_KEY',
      message: /"inclued"/,
      file: 'ingot.config.ts',
      help: /"include"/,
    },
  },
  {
    title: 'a wrong value in package.json',
    files: { ...HELLO, 'package.json': { ingot: { entry: 'main.ts', minify: 'yes' } } },
    args: [],
    expected: {
      status: 1,
      code: 'CONFIG_INVALID',
      message: /"ingot\.minify" must be true or false/,
      file: 'package.json',
    },
  },
  {
    title: 'a configuration that throws',
    files: { ...HELLO, 'ingot.config.ts': `export default {}\n\nthrow new Error('not today')\n` },
    args: [],
    expected: { status: 1, code: 'CONFIG_LOAD', message: /not today/, file: 'ingot.config.ts', line: 3 },
  },
  {
    title: 'a type error, with --check',
    files: {
      ...HELLO,
      'tsconfig.json': { compilerOptions: { strict: true, noEmit: true, types: [] } },
      'main.ts': `const a = 1\nexport const b: string = a\n`,
    },
    args: ['main.ts', '--check'],
    expected: {
      status: 1,
      code: 'TYPE_ERROR',
      message: /not assignable/,
      file: 'main.ts',
      line: 2,
      column: 14,
    },
  },
  {
    title: 'a runtime that is not there',
    args: ['main.ts', '--runtime', './none'],
    expected: { status: 1, code: 'CONFIG_RUNTIME', message: /"\.\/none" names no file/, help: /node@26/ },
  },
]

for (const { title, files = HELLO, args, expected } of cases) {
  test(title, async () => {
    const project = makeProject(work, files)
    const { status, error } = await failsCleanly(project, args)
    assert.equal(status, expected.status)
    assert.equal(error.code, expected.code)
    assert.match(error.message, expected.message)
    if (expected.help) assert.match(error.help ?? '', expected.help)
    if (expected.file) assert.equal(error.at?.file, path.join(project, expected.file))
    const { line, column } = expected
    assert.deepEqual(
      { line: error.at?.line, ...(column && { column: error.at?.column }) },
      { line, ...(column && { column }) },
    )
  })
}

suite('a runtime that is not a Node for the target', async () => {
  const project = makeProject(work)
  const { runtime } = await ingotBuild(['main.ts', '-o', 'built'], { cwd: project })
  assert.match(runtime.version, /^26\./)

  const own = readFileSync(process.execPath)
  const runtimes: Record<string, { bytes: Uint8Array; offset?: number; message: RegExp }> = {
    'a script': { bytes: Buffer.from('#!/bin/sh\necho v26.0.0\n'), offset: 0, message: /ELF/i },
    'an empty file': { bytes: Buffer.alloc(0), message: /./ },
    'a Node for another processor': {
      bytes: patched(own.subarray(0, 1 << 20), 18, 183),
      offset: 18,
      message: /./,
    },
    'a Node for another byte order': {
      bytes: patched(own.subarray(0, 1 << 20), 5, 2),
      offset: 5,
      message: /./,
    },
    'a Node that was cut off': { bytes: own.subarray(0, 1 << 20), message: /./ },
    'some other program': { bytes: readFileSync('/bin/ls'), message: /./ },
    'an executable that Ingot made': { bytes: readFileSync(path.join(project, 'built')), message: /./ },
  }
  for (const [title, { bytes, offset, message }] of Object.entries(runtimes)) {
    test(title, async () => {
      const file = path.join(project, 'runtime')
      writeFileSync(file, bytes, { mode: 0o755 })
      const { status, error } = await ingotFails(['main.ts', '-o', 'out', '--runtime', './runtime'], {
        cwd: project,
      })
      assert.equal(status, 1)
      assert.equal(error.code, 'RUNTIME_NOT_NODE')
      assert.equal(error.at?.file, file)
      if (offset !== undefined) assert.equal(error.at?.offset, offset)
      assert.match(error.message, message)
      assert.match(error.help ?? '', /node@26/)
      assert.deepEqual(
        readdirSync(project).filter((name) => name.startsWith('out') || name.startsWith('.')),
        [],
      )
    })
  }

  test('a Node given by path builds', async () => {
    copyFileSync(process.execPath, path.join(project, 'runtime'))
    const result = await ingotBuild(['main.ts', '-o', 'out', '--runtime', './runtime'], { cwd: project })
    assert.equal(result.runtime.version, process.versions.node)
    assert.equal((await runInEmptyRoot(result.out)).stdout, 'hello from ingot\n')
  })
})

suite('an output that cannot be written', () => {
  test('below a file', async () => {
    const project = makeProject(work)
    const { status, error } = await ingotFails(['main.ts', '-o', 'main.ts/out'], { cwd: project })
    assert.deepEqual(
      [status, error.code, error.at?.file],
      [1, 'OUTPUT_UNWRITABLE', path.join(project, 'main.ts/out')],
    )
    assert.match(error.help ?? '', /--out/)
  })

  test('the entry itself', async () => {
    const project = makeProject(work)
    const { status, error } = await ingotFails(['main.ts', '-o', 'main.ts'], { cwd: project })
    assert.deepEqual([status, error.code], [1, 'OUTPUT_PATH'])
    assert.equal(readFileSync(path.join(project, 'main.ts'), 'utf8'), HELLO['main.ts'])
  })

  // A file system of a certain kind for the output; what is in it afterwards goes to standard error.
  const BUILD_ON = `set -e
mount -t tmpfs -o "$1" tmpfs out
echo old > out/program
mount -o "remount,$2" out
shift 2
status=0
"$@" || status=$?
ls -A out >&2
cat out/program >&2
exit $status`

  for (const [title, size, mode, code] of [
    ['a full disk', 'size=1m', 'rw', 'OUTPUT_DISK_FULL'],
    ['a disk that gets full', 'size=64m', 'rw', 'OUTPUT_DISK_FULL'],
    ['a disk that has no room for the last bytes', 'size=116m', 'rw', 'OUTPUT_DISK_FULL'],
    ['a read-only file system', 'size=1m', 'ro', 'OUTPUT_UNWRITABLE'],
  ] as const) {
    test(title, { skip: !isRoot && 'needs root to mount a small tmpfs' }, async () => {
      const project = makeProject(work)
      mkdirSync(path.join(project, 'out'))
      const build = [process.execPath, INGOT, 'build', 'main.ts', '-o', 'out/program', '--json']
      const args = ['--mount', 'sh', '-c', BUILD_ON, 'sh', size, mode, ...build]
      const { status, stdout, stderr } = await run('unshare', args, { cwd: project })
      assert.equal(status, 1)
      const { error } = JSON.parse(stdout)
      assert.deepEqual([error.code, error.at.file], [code, path.join(project, 'out/program')])
      assert.match(error.help, /--out/)
      assert.equal(stderr, 'program\nold\n')
    })
  }
})

suite('an input that contains the fuse', async () => {
  const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'
  const project = makeProject(work, {
    'package.json': { name: 'fuse', type: 'module' },
    'main.ts': `import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
console.log('${FUSE}:0', '${FUSE}:1')
const require = createRequire(import.meta.url)
console.log(require('./kept.cjs'))
console.log(readFileSync(path.join(import.meta.dirname, 'asset.txt'), 'utf8'))
`,
    'kept.cjs': `module.exports = '${FUSE}:1 ${FUSE}:0'\n`,
    'asset.txt': `${FUSE}:0${FUSE}:1`,
  })
  for (const flags of [[], ['--minify']]) {
    test(`builds and runs ${flags.join(' ')}`, async () => {
      const { out } = await ingotBuild(['main.ts', '-o', 'out', ...flags], { cwd: project })
      const { stdout, stderr } = await runInEmptyRoot(out)
      assert.equal(stderr, '')
      assert.equal(stdout, `${FUSE}:0 ${FUSE}:1\n${FUSE}:1 ${FUSE}:0\n${FUSE}:0${FUSE}:1\n`)
    })
  }
})

test('an error in colours and words, for people', async () => {
  const project = makeProject(work, { ...HELLO, 'main.ts': `import './none.ts'\n` })
  const { status, stdout, stderr } = await ingot(['build', 'main.ts'], { cwd: project })
  assert.deepEqual([status, stdout], [1, ''])
  assert.equal(
    stderr,
    `error UNRESOLVED_IMPORT main.ts:1:8  cannot find './none.ts'\n  help: correct the path\n`,
  )
})

function patched(bytes: Uint8Array, offset: number, value: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[offset] = value
  return copy
}
