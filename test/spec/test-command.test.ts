// `ingot test`: the test runner is node's own, and so must be all that it says. Test files that pass and fail in
// every way, under `node --test`, under `ingot test`, and in the kept executable where nothing else is.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'

import { ownCache } from '../support/cache.ts'
import { INGOT, ingot, runNode } from '../support/commands.ts'
import { outcomeOf, runInEmptyRoot } from '../support/empty-root.ts'
import type { Files } from '../support/files.ts'
import { makeProject } from '../support/project.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { THOROUGH } from '../support/thorough.ts'

/** What each file is like, by its number. */
const KINDS: readonly ((n: number) => [extension: string, source: string])[] = [
  (n) => [
    'ts',
    `import { test } from 'node:test'\nimport { equal } from 'node:assert'\nimport { double } from '../src/double.ts'\n` +
      `const n: number = ${n}\ntest('doubles ' + n, () => equal(double(n), 2 * n))\n`,
  ],
  (n) => [
    'mjs',
    `import { describe, it } from 'node:test'\nimport assert from 'node:assert'\n` +
      `describe('suite ${n}', () => { it('passes', () => {}); it('fails', () => assert.equal(1, 2)); it.todo('later'); it.skip('not') })\n`,
  ],
  (n) => [
    'cjs',
    `const { test } = require('node:test')\nconst dep = require('dep')\n` +
      `test('nested ${n}', async (t) => { await t.test('inner', () => { if (dep !== 'dep') throw new Error('no') }); t.diagnostic('said') })\n`,
  ],
  () => ['ts', `import { test } from 'node:test'\ntest('never', () => {})\nthrow new Error('at import')\n`],
  () => ['mjs', `import { test } from 'node:test'\nimport './missing.mjs'\ntest('never', () => {})\n`],
  () => ['mjs', `this is not JavaScript\n`],
  (n) => ['js', `console.log('only output ${n}')\n`],
  () => ['js', `process.exit(3)\n`],
  () => [
    'mjs',
    `import { test } from 'node:test'\nimport { readFileSync } from 'node:fs'\nimport { fork } from 'node:child_process'\nimport { once } from 'node:events'\n` +
      `test('reads a fixture', (t) => t.assert.equal(readFileSync(new URL('./fixtures/a.txt', import.meta.url), 'utf8'), 'a'))\n` +
      `test('forks', async (t) => { const [code] = await once(fork(new URL('./fixtures/child.mjs', import.meta.url)), 'exit'); t.assert.equal(code, 5) })\n` +
      `test('has no arguments', (t) => t.assert.equal(process.argv.length, 2))\n` +
      `test('snapshot', (t) => t.assert.snapshot({ a: 1 }))\n`,
  ],
  () => [
    'mts',
    `import { test, mock } from 'node:test'\nimport { deepEqual } from 'node:assert'\n` +
      `test('mocks', () => { const f = mock.fn((a: number) => a); f(1); deepEqual(f.mock.calls[0]!.arguments, [1]) })\n` +
      `test('rejects', async () => { await Promise.reject(new Error('async')) })\n` +
      `test('times out', { timeout: 20 }, () => new Promise((resolve) => setTimeout(resolve, 2000).unref()))\n`,
  ],
]
const COUNT = THOROUGH ? 200 : 20

/** Everything that is the same in each run: names, places, results, errors and counts. */
const REPORTER = `export default async function* (source) {
  const lines = []
  for await (const { type, data } of source) {
    if (type === 'test:pass' || type === 'test:fail') {
      const { error } = data.details
      const why = error && [error.failureType, error.exitCode, String(error.cause?.message ?? error.cause).split(/[\\n']/)[0]]
      const file = data.file?.replace(/^.*\\/(?=tests\\/)/, '')
      lines.push(JSON.stringify([file, data.line, data.column, data.nesting, type, data.name, data.skip, data.todo, why]))
    }
    if (type === 'test:summary' && data.file === undefined) lines.push('z ' + JSON.stringify(data.counts))
  }
  yield lines.sort().join('\\n') + '\\n'
}
`

function manyTests(): Files {
  const files: Record<string, string | object> = {
    'package.json': { name: 'many', type: 'module', dependencies: { dep: '1' } },
    'node_modules/dep/package.json': { name: 'dep', main: 'index.js' },
    'node_modules/dep/index.js': `module.exports = 'dep'\n`,
    'node_modules/dep/not.test.js': `throw new Error('a test of a package')\n`,
    'src/double.ts':
      'export function double(n: number): number {\n  if (n < 0) {\n    return 0\n  }\n  return 2 * n\n}\n',
    'tests/fixtures/a.txt': 'a',
    'tests/fixtures/child.mjs': 'process.exitCode = 5\n',
    'reporter.mjs': REPORTER,
  }
  for (let n = 0; n < COUNT; n++) {
    const [extension, source] = KINDS[n % KINDS.length]!(n)
    const name = `tests/n${String(n).padStart(3, '0')}.test.${extension}`
    files[name] = source
    if (source.includes('snapshot'))
      files[`${name}.snapshot`] = 'exports[`snapshot 1`] = `\n{\n  "a": 1\n}\n`;\n'
  }
  return files
}

suite('ingot test', () => {
  const directory = temporaryDirectory()
  const project = makeProject(directory, manyTests())
  const kept = path.join(directory, 'many.test')
  let env: NodeJS.ProcessEnv
  before(async () => {
    const cache = await ownCache(directory)
    // These tests run in node's runner themselves, and would look like parts of it.
    env = { ...cache.env, NODE_TEST_CONTEXT: undefined, NODE_TEST_WORKER_ID: undefined }
  })
  const plain = (...args: string[]) => runNode(['--test', ...args], { cwd: project, env })
  const inside = (...args: string[]) => ingot(['test', ...args], { cwd: project, env })

  test(`${COUNT} files, as node, and where there is nothing else`, async () => {
    const args = ['--test-concurrency=2', '--test-reporter=./reporter.mjs']
    const expected = await plain(...args)
    assert.equal(expected.status, 1)
    const summary = expected.stdout.trimEnd().split('\n').at(-1)!
    const { passed, failed } = JSON.parse(summary.slice('z '.length)) as Record<string, number>
    assert.deepEqual([passed, failed], [COUNT, 0.6 * COUNT])

    const actual = await inside(...args)
    assert.equal(actual.stdout, expected.stdout)
    assert.equal(actual.status, 1)

    const built = await inside('-o', kept, '--test-reporter=./reporter.mjs')
    assert.equal(built.status, 0, built.stderr)
    const alone = await runInEmptyRoot(kept, { args })
    assert.equal(alone.stdout, expected.stdout)
    assert.equal(alone.status, 1)
  })

  /** Without times, and with the place that modules have inside. */
  const comparable = (text: string) =>
    text
      .replace(/\(?\d+(?:\.\d+)?m?s\)?|duration_ms[: ]+[\d.]+|time="[\d.]+"|timestamp="[^"]*"/g, '<time>')
      .replaceAll(project, '/dev/null/app')

  const some = ['tests/n000.test.ts', 'tests/n001.test.mjs', 'tests/n002.test.cjs']
  const options = [
    ['the default', [...some, 'tests/n006.test.js']],
    ['tap', ['--test-reporter', 'tap', ...some]],
    ['junit', ['--test-reporter=junit', ...some]],
    ['names', ['--test-name-pattern=passes', '--test-name-pattern', 'doubles', ...some]],
    ['names left out', ['--test-skip-pattern=fails', ...some]],
    ['a shard', ['--test-shard=1/2', ...some]],
    ['one process', ['--test-isolation=none', ...some]],
    ['a directory and a glob', ['tests/n01[0-2]*', 'src']],
    ['coverage', ['--experimental-test-coverage', ...some]],
    ['coverage in one process', ['--experimental-test-coverage', '--test-isolation=none', some[0]!]],
    ['coverage as lcov', ['--experimental-test-coverage', '--test-reporter=lcov', ...some]],
    ['too little coverage', ['--experimental-test-coverage', '--test-coverage-lines=99', some[0]!]],
    ['no tests', ['tests/*.nothing']],
  ] as const
  const seldom = [
    'tap',
    'names',
    'names left out',
    'coverage in one process',
    'coverage as lcov',
    'too little coverage',
  ]
  for (const [what, args] of options.filter(([name]) => THOROUGH || !seldom.includes(name))) {
    test(`${what} is what node says`, async () => {
      const [expected, actual] = [await plain(...args), await inside(...args)]
      assert.equal(comparable(actual.stdout), comparable(expected.stdout))
      assert.equal(actual.status, expected.status)
    })
  }

  test('the kept executable takes the same options', async () => {
    const only = await runInEmptyRoot(kept, { args: ['--test-name-pattern=doubles 10', 'tests/n01[0-2]*'] })
    assert.equal(only.status, 0, only.stdout)
    assert.match(only.stdout, /✔ doubles 10 .*\n(?:.*\n)*ℹ pass [1-9]/)
    const missing = await runInEmptyRoot(kept, { args: ['tests/nowhere.test.ts'] })
    assert.deepEqual([missing.status, missing.stderr], [1, "Could not find 'tests/nowhere.test.ts'\n"])
    const wrong = await runInEmptyRoot(kept, { args: ['--test-nothing'] })
    assert.equal(wrong.status, 9)
    assert.match(wrong.stderr, /bad option: --test-nothing/)
  })

  test('coverage of sources that have to be compiled is about their lines', async () => {
    const compiled = makeProject(directory, {
      'package.json': { type: 'module' },
      'color.ts':
        'export enum Color {\n  Red = 1,\n}\n\nexport function name(): string {\n  return Color[1]!\n}\n\nexport function never(): void {\n  console.log(1)\n}\n',
      'color.test.ts':
        "import { test } from 'node:test'\nimport { name } from './color.ts'\ntest('name', () => void name())\n",
    })
    const { stdout, status } = await ingot(['test', '--experimental-test-coverage'], { cwd: compiled, env })
    assert.equal(status, 0)
    assert.match(stdout, /color\.ts +\|\s+72\.73 \|\s+100\.00 \|\s+66\.67 \| 9-11/)
  })

  test('reports are written where the command is run', async () => {
    await inside('--test-reporter=tap', '--test-reporter-destination=report.tap', some[0]!)
    assert.match(readFileSync(path.join(project, 'report.tap'), 'utf8'), /^TAP version 13/)
    rmSync(path.join(project, 'report.tap'))
  })

  if (THOROUGH)
    test('a new test file is seen', async () => {
      const small = makeProject(directory, {
        'a.test.mjs': "import { test } from 'node:test'\ntest('a', () => {})\n",
      })
      const count = async () => /ℹ tests (\d+)/.exec((await ingot(['test'], { cwd: small, env })).stdout)?.[1]
      assert.equal(await count(), '1')
      assert.equal(await count(), '1')
      renameSync(path.join(small, 'a.test.mjs'), path.join(small, 'b.test.mjs'))
      assert.equal(await count(), '1')
      writeFileSync(path.join(small, 'c.test.mjs'), "import { test } from 'node:test'\ntest('c', () => {})\n")
      assert.equal(await count(), '2')
    })

  test('--watch runs again after a change, and ends when it is interrupted', async () => {
    const small = makeProject(directory, {
      'value.mjs': 'export const value = 1\n',
      'a.test.mjs':
        "import { test } from 'node:test'\nimport { value } from './value.mjs'\ntest('is ' + value, () => {})\n",
    })
    const child = spawn(process.execPath, [INGOT, 'test', '--watch'], { cwd: small, env, stdio: 'pipe' })
    const outcome = outcomeOf(child)
    let waited = 0
    const waits = async () => {
      const seen = waited++
      while (text.split('waiting for changes').length < seen + 2) await once(child.stderr, 'data')
    }
    let text = ''
    child.stderr.on('data', (chunk: string) => (text += chunk))
    await waits()
    writeFileSync(path.join(small, 'unrelated.log'), '')
    writeFileSync(path.join(small, 'value.mjs'), 'export const value = 2\n')
    await waits()
    child.kill('SIGINT')
    const { status, stdout } = await outcome
    assert.equal(status, 130)
    assert.deepEqual(stdout.match(/✔ is \d/g), ['✔ is 1', '✔ is 2'])
  })

  test('no tests at all, in a directory of which nothing is embedded', async () => {
    const bare = makeProject(directory, { 'package.json': { name: 'bare' }, 'empty/readme.md': '' })
    const { status, stdout } = await ingot(['test'], { cwd: path.join(bare, 'empty'), env })
    assert.equal(status, 0)
    assert.match(stdout, /^ℹ tests 0$/m)
  })

  test('what names nothing is an error', async () => {
    const { status, stderr } = await inside('tests/nowhere.test.ts')
    assert.equal(status, 1)
    assert.match(stderr, /^error TESTS_NOT_FOUND {2}could not find 'tests\/nowhere\.test\.ts'\n {2}help: /)
    assert.equal(existsSync(path.join(project, 'many.test')), false)
  })
})
