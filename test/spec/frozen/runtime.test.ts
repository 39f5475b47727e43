// `ingot/runtime`: a program that says when it is ready is frozen then, and is told when it goes on.

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { onThaw, ready } from '../../../src/runtime.ts'
import { temporaryDirectory } from '../../support/temporary.ts'
import { AS_BUILT, buildFrozen, COLD, skip, start } from './frozen.fixture.ts'

interface Moment {
  readonly date: number
  readonly passed: number
}

suite('ready() and onThaw()', { skip }, () => {
  const work = temporaryDirectory()

  test('a program goes on behind ready()', async () => {
    const file = await buildFrozen(work, 'ready.mjs')
    const built = Date.now()
    for (let i = 0; i < 3; i++) {
      const begin = Date.now()
      const { stdout, started } = await start(file, [])
      const { before, after, events } = JSON.parse(stdout) as {
        before: Moment
        after: Moment
        events: readonly string[]
      }
      assert.deepEqual([started, events], ['thawed', ['thawed', 'ready']])
      assert.ok(before.date <= built, 'the date before is the build’s')
      assert.ok(after.date >= begin && after.date <= Date.now(), 'the date after is the start’s')
      assert.ok(after.passed >= before.passed)
    }
  })

  test('in a cold start it goes on at once', async () => {
    const file = await buildFrozen(work, 'ready.mjs')
    const begin = Date.now()
    const { stdout, started } = await start(file, [], { env: { INGOT_START: COLD } })
    const { before, events } = JSON.parse(stdout) as { before: Moment; events: readonly string[] }
    assert.deepEqual([started, events], ['cold', ['ready']])
    assert.ok(before.date >= begin)
  })

  test('what is random is drawn by every start, and earlier than ready()', async () => {
    const file = await buildFrozen(work, 'not-ready.mjs')
    const drawn = new Set<number>()
    for (let i = 0; i < 5; i++) {
      const { stdout, started } = await start(file, [])
      const report = JSON.parse(stdout) as { drawn: number; events: readonly string[] }
      assert.deepEqual([started, report.events], ['thawed', ['thawed']])
      drawn.add(report.drawn)
    }
    assert.equal(drawn.size, 5)
  })

  for (const [kind, events] of [
    [AS_BUILT, ['thawed']],
    [COLD, []],
  ] as const) {
    test(`frozen in a system call, ${kind} start`, async () => {
      const file = await buildFrozen(work, 'late-thaw.cjs')
      const { stdout } = await start(file, [], { env: { INGOT_START: kind } })
      assert.deepEqual(JSON.parse(stdout), events)
    })
  }
})

test('under plain Node ready() resolves, and nothing is thawed', async () => {
  onThaw(() => assert.fail('there is nothing to thaw'))
  assert.equal(await ready(), undefined)
})
