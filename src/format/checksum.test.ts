import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { checksumOf, STEP } from './checksum.ts'

const SIZE = 16 * 1024

test('any two changed bits change the checksum, wherever they are', () => {
  const place = fc.tuple(fc.nat(SIZE - 1), fc.nat(7))
  fc.assert(
    fc.property(fc.uint8Array({ minLength: SIZE, maxLength: SIZE }), place, place, (bytes, one, other) => {
      fc.pre(one[0] !== other[0] || one[1] !== other[1])
      const sound = checksumOf(bytes)
      for (const [offset, bit] of [one, other]) bytes[offset]! ^= 1 << bit
      assert.notEqual(checksumOf(bytes), sound)
    }),
    { numRuns: 200 },
  )
})

test('two changes of the highest bits do not cancel each other', () => {
  const bytes = new Uint8Array(SIZE)
  const sound = checksumOf(bytes)
  for (let word = 0; word < SIZE; word += 8) {
    for (let bit = 4; bit < 8; bit++) {
      const [one, other] = [STEP * 5 + 7, word + 7]
      if (one === other) continue
      bytes[one]! ^= 1 << bit
      bytes[other]! ^= 1 << bit
      assert.notEqual(checksumOf(bytes), sound, `bit ${bit} of bytes ${one} and ${other}`)
      bytes[one] = 0
      bytes[other] = 0
    }
  }
})

test('what has changed places changes the checksum', () => {
  const bytes = Uint8Array.from({ length: SIZE }, (_, i) => Math.imul(i, 0x9e37_79b1) >>> 24)
  const sound = checksumOf(bytes)
  for (const size of [8, STEP, 2 * STEP, 4096]) {
    const [first, second] = [bytes.slice(0, size), bytes.slice(size, 2 * size)]
    const changed = bytes.slice()
    changed.set(second)
    changed.set(first, size)
    assert.notEqual(checksumOf(changed), sound, `${size} bytes`)
  }
})

test('is of the bytes, wherever they lie in memory', () => {
  const bytes = Uint8Array.from({ length: SIZE }, (_, i) => i * 7)
  const moved = new Uint8Array(SIZE + 3)
  moved.set(bytes, 3)
  assert.equal(checksumOf(moved.subarray(3)), checksumOf(bytes))
  assert.equal(checksumOf(Buffer.from(moved.buffer).subarray(3)), checksumOf(bytes))
})
