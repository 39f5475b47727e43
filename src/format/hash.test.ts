import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { hashPath } from './hash.ts'

// Vectors of Fowler, Noll and Vo (draft-eastlake-fnv, appendix C), FNV-1a with 32 bits.
for (const [path, hash] of [
  ['', 0x811c9dc5],
  ['a', 0xe40c292c],
  ['b', 0xe70c2de5],
  ['foobar', 0xbf9cf968],
  ['chongo was here!\n', 0xd49930d5],
] as const) {
  test(`${JSON.stringify(path)} hashes to 0x${hash.toString(16)}`, () => {
    assert.equal(hashPath(path), hash)
  })
}

/** The definition, in exact arithmetic, over UTF-8. */
function reference(path: string): number {
  let hash = 0x811c9dc5n
  for (const byte of Buffer.from(path)) hash = ((hash ^ BigInt(byte)) * 0x01000193n) % 2n ** 32n
  return Number(hash)
}

test('any path hashes as its UTF-8 bytes do, ASCII or not', () => {
  const path = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }))
  fc.assert(
    fc.property(path, (text) => {
      assert.equal(hashPath(text), reference(text))
    }),
    { seed: 26, numRuns: 1000 },
  )
  for (const text of ['node_modules/é/x.node', 'aé', '日本/語.so', '\u{1f600}', 'a\u0080']) {
    assert.equal(hashPath(text), reference(text))
  }
})
