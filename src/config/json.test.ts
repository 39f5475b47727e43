import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BuildError } from '../base/diagnostics.ts'
import { parseJson } from './json.ts'

for (const [text, line, column, message] of [
  ['', 1, 1, 'Unexpected end of JSON input'],
  ['{"a":b}', 1, 6, "Unexpected token 'b'"],
  ['{\n  "a": 1,\n}', 3, 1, 'Expected double-quoted property name'],
  ['{\n  "a": 1\n  "b": 2\n}', 3, 3, "Expected ',' or '}' after property value"],
  ['[1, 2', 1, 6, "Expected ',' or ']' after array element"],
  ['{"a": 1} x', 1, 10, 'Unexpected non-whitespace character after JSON'],
  ["{'a': 1}", 1, 2, "Expected property name or '}'"],
  ['\ufeff{"a" 1}', 1, 6, "Expected ':' after property name"],
  [`{"${'long'.repeat(30)}": 1, "b": tru}`, 1, 134, "Unexpected token '}'"],
] as const) {
  test(`a JSON error has a line and a column: ${JSON.stringify(text.slice(0, 30))}`, () => {
    assert.throws(
      () => parseJson(text, '/p/package.json'),
      (error) => {
        assert(error instanceof BuildError)
        assert.equal(error.code, 'CONFIG_INVALID_JSON')
        assert.deepEqual(error.at, { file: '/p/package.json', line, column })
        assert.equal(error.message, message)
        return true
      },
    )
  })
}

test('the error is never placed before text that is still good', () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), (json, at) => {
      const cut = at % (json.length + 1)
      const broken = `${json.slice(0, cut)}#${json.slice(cut)}`
      try {
        assert.deepEqual(parseJson(broken, 'f'), JSON.parse(broken))
      } catch (error) {
        assert(error instanceof BuildError && error.at?.column !== undefined)
        // The token that the # stands in may begin earlier, but nothing after it can be to blame.
        assert(error.at.column <= cut + 1)
      }
    }),
  )
})

test('a byte order mark is no error', () => assert.deepEqual(parseJson('\ufeff{"a":1}', 'f'), { a: 1 }))
