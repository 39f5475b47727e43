import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { joinPages } from './memory.ts'

const PAGE = 4096

/** In pages. */
function runs(...pages: number[]) {
  return joinPages(pages.map((page) => page * PAGE)).map(([from, to]) => [from / PAGE, to / PAGE])
}

suite('what is kept of memory', () => {
  test('is what has content, and what lies between if that is little', () => {
    assert.deepEqual(runs(0, 1, 18, 36), [
      [0, 19],
      [36, 37],
    ])
    assert.deepEqual(runs(), [])
    assert.deepEqual(runs(50), [[50, 51]])
  })
})
