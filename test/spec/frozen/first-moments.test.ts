// What V8 does beside a program that has just been thawed.

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { temporaryDirectory } from '../../support/temporary.ts'
import { AS_BUILT, buildFrozen, COLD, skip, start } from './frozen.fixture.ts'

const MOST_STARTS = 100
/** A wait of 2 ms that took longer was held up. */
const LATE_MS = 2.5

suite('the first moments of a frozen process', { skip }, () => {
  const work = temporaryDirectory()

  test('threads are there as soon as the main one waits', async () => {
    const file = await buildFrozen(work, 'waits.mjs')
    // Where other processes take the processor the wait is over before anybody can look at it: such a start says nothing.
    // A few of them cannot be told from others by their time. Without a look at waits there is no thread before 4 ms.
    let seen = 0
    let missed = 0
    for (let i = 0; i < MOST_STARTS && seen < 5; i++) {
      const { threads, waited } = JSON.parse((await start(file, [])).stdout) as Record<string, number>
      if (waited! > LATE_MS) continue
      if (threads! > 1) seen++
      else missed++
    }
    assert.equal(seen, 5, 'starts with threads')
    assert.ok(missed < seen, `${missed} starts without`)
  })

  test('a heap that doubles is collected no sooner than that of a cold start', async () => {
    const file = await buildFrozen(work, 'grows.mjs')
    for (const kind of [AS_BUILT, COLD]) {
      const { stdout } = await start(file, [], { env: { INGOT_START: kind } })
      assert.equal(stdout, '0 14\n', kind)
    }
  })
})
