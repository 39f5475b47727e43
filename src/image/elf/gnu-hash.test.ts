import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { viewOf } from '../../base/bytes.ts'
import { bucketCount, gnuHash, makeGnuHash } from './gnu-hash.ts'

/** As ld.so looks a name up (glibc, elf/dl-lookup.c): the indices of the symbols that it compares by name. */
function lookUp(table: Uint8Array, hash: number): number[] {
  const view = viewOf(table)
  const [buckets, first, words, shift] = [0, 4, 8, 12].map((at) => view.getUint32(at, true)) as [
    number,
    number,
    number,
    number,
  ]
  const filter = view.getBigUint64(16 + 8 * (Math.floor(hash / 64) & (words - 1)), true)
  const isSet = (bit: number) => (filter >> BigInt(bit % 64)) & 1n
  if (!isSet(hash) || !isSet(hash >>> shift)) return []
  const chainAt = 16 + 8 * words + 4 * buckets
  const found: number[] = []
  const start = view.getUint32(16 + 8 * words + 4 * (hash % buckets), true)
  for (let index = start; index !== 0; index++) {
    const entry = view.getUint32(chainAt + 4 * (index - first), true)
    if ((entry | 1) >>> 0 === (hash | 1) >>> 0) found.push(index)
    if (entry & 1) break
  }
  return found
}

suite('the table of names', () => {
  test('has the hashes of the specification', () => {
    assert.deepEqual(
      ['', 'printf', 'exit', 'syscall', 'flapenguin.me'].map(gnuHash),
      [0x0000_1505, 0x156b_2bb8, 0x7c96_7e3f, 0xbac2_12a0, 0x8ae9_f18e],
    )
  })

  for (const count of [0, 1, 2, 17, 5000]) {
    test(`leads to each of ${count} names, and hardly anywhere for others`, () => {
      const buckets = bucketCount(count)
      const names = Array.from({ length: count }, (_, i) => `name_${i}`).toSorted(
        (a, b) => (gnuHash(a) % buckets) - (gnuHash(b) % buckets),
      )
      const table = makeGnuHash(names.map(gnuHash), 100)
      for (const [i, name] of names.entries()) assert.ok(lookUp(table, gnuHash(name)).includes(100 + i), name)
      const others = Array.from({ length: 1000 }, (_, i) => `other_${i}`)
      assert.deepEqual(
        others.filter((name) => lookUp(table, gnuHash(name)).length > 0),
        [],
      )
    })
  }
})
