// What V8 does beside a program that has just been thawed.

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { temporaryDirectory } from '../../support/temporary.ts'
import { AS_BUILT, buildFrozen, COLD, skip, start } from './frozen.fixture.ts'

suite('the first moments of a frozen process', { skip }, () => {
  const work = temporaryDirectory()

  test('threads are there as soon as the main one waits', async () => {
    const file = await buildFrozen(work, 'waits.mjs')
    // Where other processes take the processors the wait may be over first.
    const counts: number[] = []
    for (let i = 0; i < 10; i++) counts.push(Number((await start(file, [])).stdout))
    assert.ok(counts.filter((count) => count > 1).length >= 3, `${counts.join()} of them`)
  })

  test('a heap that doubles is collected no sooner than that of a cold start', async () => {
    const file = await buildFrozen(work, 'grows.mjs')
    for (const kind of [AS_BUILT, COLD]) {
      const { stdout } = await start(file, [], { env: { INGOT_START: kind } })
      assert.equal(stdout, '0 14\n', kind)
    }
  })
})
