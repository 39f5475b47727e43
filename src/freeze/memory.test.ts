import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { runsOf } from './memory.ts'

const PAGE = 4096

/** In pages. */
function runs(...regions: number[][]) {
  const found = runsOf(regions.map((pages) => pages.map((page) => page * PAGE)))
  return found.map((region) => region.map(([from, to]) => [from / PAGE, to / PAGE]))
}

suite('what is kept of memory', () => {
  test('is what has content, and what lies between if that is little', () => {
    assert.deepEqual(runs([0, 1, 18, 36], [], [50]), [
      [
        [0, 19],
        [36, 37],
      ],
      [],
      [[50, 51]],
    ])
  })

  test('is more of what lies between where there are many runs, the shortest gaps first', () => {
    const first = Array.from({ length: 100 }, (_, i) => i * 40)
    const second = Array.from({ length: 100 }, (_, i) => 10_000 + i * 30)
    const [far, near] = runs(first, second)
    assert.equal(far!.length, 100)
    assert.deepEqual(near, [[10_000, 10_000 + 99 * 30 + 1]])
  })
})
