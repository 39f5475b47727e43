import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { struct } from './struct.ts'

const Mixed = struct({ byte: 'u8', half: 'u16', word: 'u32', long: 'u64', last: 'u8' })

test('fields follow each other without padding, in declaration order', () => {
  assert.equal(Mixed.size, 16)
  assert.deepEqual(
    (['byte', 'half', 'word', 'long', 'last'] as const).map((field) => Mixed.offsetOf(field)),
    [0, 1, 3, 7, 15],
  )
})

test('numbers are little-endian, at the offset that is asked for, and nothing beside them is written', () => {
  const bytes = new Uint8Array(20).fill(0xee)
  Mixed.write(new DataView(bytes.buffer), 2, {
    byte: 1,
    half: 0x0203,
    word: 0x04050607,
    long: 0x08090a0b0c0d,
    last: 0xff,
  })
  assert.equal(
    Buffer.from(bytes).toString('hex'),
    'eeee_01_0302_07060504_0d0c0b0a09080000_ff_eeee'.replaceAll('_', ''),
  )
})

test('what is written is read again', () => {
  const values = fc.record({
    byte: fc.nat(0xff),
    half: fc.nat(0xffff),
    word: fc.nat(0xffffffff),
    long: fc.nat(Number.MAX_SAFE_INTEGER),
    last: fc.nat(0xff),
  })
  fc.assert(
    fc.property(values, fc.nat(64), (written, offset) => {
      const view = new DataView(new ArrayBuffer(offset + Mixed.size))
      Mixed.write(view, offset, written)
      assert.deepEqual(Mixed.read(view, offset), { ...written })
    }),
    { seed: 26 },
  )
})

for (const [bits, expected] of [
  [2n ** 53n - 1n, 9007199254740991],
  [2n ** 53n + 1n, 9007199254740992],
  [2n ** 63n, 2 ** 63],
  [2n ** 64n - 1n, 2 ** 64],
] as const) {
  test(`the u64 ${bits} reads as the nearest double, ${expected}`, () => {
    const view = new DataView(new ArrayBuffer(8))
    view.setBigUint64(0, bits, true)
    assert.deepEqual(struct({ value: 'u64' }).read(view, 0), { value: expected })
  })
}

test('reading and writing beyond the end throws', () => {
  const view = new DataView(new ArrayBuffer(Mixed.size))
  assert.throws(() => Mixed.read(view, 1), RangeError)
  assert.throws(() => Mixed.write(view, 1, { byte: 0, half: 0, word: 0, long: 0, last: 0 }), RangeError)
})

test('what is not an integer is not written as one', () => {
  const Long = struct({ value: 'u64' })
  for (const value of [Number.NaN, Infinity, 0.5]) {
    assert.throws(() => Long.write(new DataView(new ArrayBuffer(8)), 0, { value }), RangeError)
  }
})
