import assert from 'node:assert/strict'
import { test } from 'node:test'
import { editDistance, nearest } from './nearest.ts'

for (const [from, to, distance] of [
  ['', '', 0],
  ['', 'out', 3],
  ['minify', 'minify', 0],
  ['minfy', 'minify', 1],
  ['minifyy', 'minify', 1],
  ['mimify', 'minify', 1],
  ['mniify', 'minify', 1],
  ['ca', 'abc', 3],
  ['kitten', 'sitting', 3],
] as const) {
  test(`"${from}" is ${distance} from "${to}"`, () => {
    assert.equal(editDistance(from, to), distance)
    assert.equal(editDistance(to, from), distance)
  })
}

test('nearest suggests typing errors and abbreviations, but does not guess', () => {
  const known = ['out', 'include', 'external', 'sourcemap']
  assert.equal(nearest('inlcude', known), 'include')
  assert.equal(nearest('ouput', ['output', 'out']), 'output')
  assert.equal(nearest('source', known), 'sourcemap')
  assert.equal(nearest('target', known), undefined)
  assert.equal(nearest('x', known), undefined)
  assert.equal(nearest('', known), undefined)
  assert.equal(nearest('out', []), undefined)
})
