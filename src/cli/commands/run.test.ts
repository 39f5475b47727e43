import assert from 'node:assert/strict'
import { test } from 'node:test'

import { BuildError } from '../../base/diagnostics.ts'
import { recordedHost, sampleResult } from '../host.fixture.ts'
import type { Host } from '../host.ts'
import { main } from '../main.ts'

interface Calls {
  readonly looked: unknown[]
  readonly built: unknown[]
  readonly executed: unknown[]
}

async function run(argv: readonly string[], overrides: Partial<Host> = {}) {
  const calls: Calls = { looked: [], built: [], executed: [] }
  const host = recordedHost({
    findProgram: async (words) => void calls.looked.push(words),
    buildProgram: async (words, { signal, onStage, ...options }) => {
      assert.ok(signal instanceof AbortSignal && typeof onStage === 'function')
      calls.built.push([words, options])
      return sampleResult
    },
    execute: (...call) => void calls.executed.push(call),
    ...overrides,
  })
  const status = await main(['run', ...argv], host)
  return { status, calls, out: host.out(), err: host.err() }
}

test('builds, says what is to be said on standard error, and executes', async () => {
  const { status, calls, out, err } = await run(['--minify', 'main.ts', '--help', '--json'])
  assert.equal(status, 0)
  const words = ['run', '--minify', 'main.ts']
  assert.deepEqual(calls, {
    looked: [words],
    built: [[words, { minify: true, entry: ['main.ts'], cwd: '/work/app' }]],
    executed: [['/work/app/hello', ['--help', '--json']]],
  })
  assert.equal(out, '')
  assert.match(err, /^warning DYNAMIC_REQUIRE .*\n {2}help: .*\n$/)
})

test('a program that is there is executed and nothing else', async () => {
  const { calls, err } = await run(['main.ts', 'x'], { findProgram: async () => '/cache/main' })
  assert.deepEqual(calls, { looked: [], built: [], executed: [['/cache/main', ['x']]] })
  assert.equal(err, '')
})

test('a failed build is reported, and nothing is executed', async () => {
  const { status, calls, err } = await run(['main.ts', '--json'], {
    buildProgram: () => Promise.reject(new BuildError('NO', 'it cannot be')),
  })
  assert.deepEqual([status, calls.executed, err], [1, [], 'error NO  it cannot be\n'])
})

test('a program that cannot be started is an error with a remedy', async () => {
  for (const [code, help] of [
    ['EACCES', /XDG_CACHE_HOME/],
    ['E2BIG', /fewer arguments/],
  ] as const) {
    const { status, err } = await run(['main.ts'], {
      execute: () => {
        throw Object.assign(new Error('execve'), { code })
      },
    })
    assert.equal(status, 1)
    assert.match(err.split('\n').slice(-3).join(), /error RUN_FAILED hello {2}the program cannot be started/)
    assert.match(err, help)
  }
})

test('usage errors', async () => {
  assert.deepEqual(
    (await run([])).err,
    'error CLI_ARGUMENT  nothing to run\n  help: ingot run <entry> [arguments]\n',
  )
  assert.equal((await run(['--minfy', 'main.ts'])).status, 2)
  assert.match((await run(['--help', 'main.ts'])).out, /^Usage: ingot run \[options\] <entry>/)
})
