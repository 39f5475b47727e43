import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import fc from 'fast-check'

import { squarify, type Rectangle } from './page/squarify.ts'

const areaOf = ({ width, height }: Rectangle): number => width * height

suite('squarify', () => {
  test('the example of the paper', () => {
    const area = { x: 0, y: 0, width: 6, height: 4 }
    const [first, second, third] = squarify([6, 6, 4, 3, 2, 2, 1], area)
    assert.deepEqual(first, { x: 0, y: 0, width: 3, height: 2 })
    assert.deepEqual(second, { x: 0, y: 2, width: 3, height: 2 })
    assert.ok(Math.abs(third!.width - 12 / 7) < 1e-9 || Math.abs(third!.height - 7 / 3) < 1e-9)
  })

  test('areas are as the sizes, nothing overlaps or lies outside', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 1e8 }), { minLength: 1, maxLength: 60, size: 'max' })
    const sides = fc.integer({ min: 50, max: 2000 })
    fc.assert(
      fc.property(sizes, sides, sides, (list, width, height) => {
        const sorted = list.toSorted((a, b) => b - a)
        const rectangles = squarify(sorted, { x: 0, y: 0, width, height })
        const total = sorted.reduce((sum, size) => sum + size, 0)
        const slack = 1e-6 * width * height
        rectangles.forEach((each, i) => {
          assert.ok(Math.abs(areaOf(each) - (sorted[i]! / total) * width * height) < slack)
          assert.ok(each.x >= -1e-6 && each.y >= -1e-6)
          assert.ok(each.x + each.width <= width + 1e-6 && each.y + each.height <= height + 1e-6)
        })
        for (const [i, a] of rectangles.entries()) {
          for (const b of rectangles.slice(i + 1)) {
            const common = {
              width: overlap(a.x, a.width, b.x, b.width),
              height: overlap(a.y, a.height, b.y, b.height),
            }
            assert.ok(common.width * common.height < slack)
          }
        }
      }),
      { numRuns: 100, examples: [[[1, 26_227_155], 316, 1869]] },
    )
  })
})

function overlap(a: number, aLength: number, b: number, bLength: number): number {
  return Math.max(0, Math.min(a + aLength, b + bLength) - Math.max(a, b))
}
