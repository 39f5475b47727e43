import assert from 'node:assert/strict'
import { test } from 'node:test'

import { toYaml } from './yaml.ts'

test('blocks, with what is empty or not there', () => {
  const value = { a: { b: [{ c: 1, d: ['x'] }, 'y', [], {}], e: {}, f: undefined }, g: [{ h: { i: true } }] }
  assert.equal(
    toYaml(value),
    'a:\n  b:\n    - c: 1\n      d:\n        - x\n    - "y"\n    - []\n    - {}\n  e: {}\ng:\n  - h:\n      i: true\n',
  )
})

for (const text of [
  'yes',
  'No',
  'null',
  '~',
  '1',
  '1.5',
  '0x1',
  '-',
  '',
  ' a',
  'a: b',
  '#a',
  '2020-01-01',
  'a\nb',
  '{a',
  '&a',
  'é',
]) {
  test(`${JSON.stringify(text)} is quoted`, () =>
    assert.equal(toYaml({ a: text }), `a: ${JSON.stringify(text)}\n`))
}

for (const text of ['a', 'a-b_c.d/e', '/etc/app', 'RuntimeDefault'])
  test(`${text} is plain`, () => assert.equal(toYaml({ a: text }), `a: ${text}\n`))
