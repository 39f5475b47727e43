import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { BuildOptions } from '../../base/build-result.ts'
import { recordedHost, sampleOutcomes, sampleResult } from '../host.fixture.ts'
import { main } from '../main.ts'

const cwd = '/work/app'

test('builds an executable of tests, and gives it the options of the runner', async () => {
  const calls: unknown[] = []
  const host = recordedHost({
    buildProgram: async (words, { signal: _signal, onStage: _onStage, ...options }) => {
      calls.push(words, options)
      return sampleResult
    },
    execute: (...call) => void calls.push(call),
  })
  const argv = ['--define', 'A=1', 'src', '--test-only', '--test-reporter=./r.mjs', '--include', 'x']
  assert.equal(await main(['test', ...argv], host), 0)
  const own = ['--define', 'A=1', 'src', '--include', 'x']
  assert.deepEqual(calls, [
    ['test', ...own, '', './r.mjs'],
    { define: { A: '1' }, include: ['x', './r.mjs'], tests: ['src'], cwd },
    ['/work/app/hello', ['--test-only', '--test-reporter=./r.mjs']],
  ])
})

test('-o keeps the executable and runs nothing', async () => {
  let seen: BuildOptions = {}
  const host = recordedHost({
    build: async ({ signal: _signal, onStage: _onStage, ...options }) => {
      seen = options
      return sampleOutcomes
    },
    execute: () => assert.fail(),
  })
  assert.equal(await main(['test', '-o', 'kept'], host), 0)
  assert.deepEqual(seen, { tests: [], cwd, out: 'kept' })
  assert.match(host.out(), /^built hello/)
})

test('--watch builds and runs until it is interrupted', async () => {
  const ran: string[] = []
  const waited: unknown[] = []
  let round = 0
  const host = recordedHost({
    findProgram: async () => (round > 1 ? '/cache/found' : undefined),
    buildProgram: async () => {
      if (round === 0) throw new Error('no')
      return sampleResult
    },
    spawn: async (file, args) => void ran.push([file, ...args].join(' ')),
    untilChanged: async (words) => {
      waited.push(words)
      if (++round > 2) process.emit('SIGINT', 'SIGINT')
    },
  })
  assert.equal(await main(['test', '--watch', 'a', '--test-only'], host), 130)
  assert.deepEqual(ran, ['/work/app/hello --test-only', '/cache/found --test-only'])
  assert.deepEqual(waited, [undefined, undefined, ['test', 'a', '']])
})
