import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { foldCalls, unfoldCalls } from './call-filter.ts'

test('calls of the same function become the same bytes', () => {
  // E8 rel32 to 0x100, from 0 and from 0x20.
  const code = new Uint8Array(64)
  code.set([0xe8, 0x00, 0x01, 0x00, 0x00])
  code.set([0xe8, 0xe0, 0x00, 0x00, 0x00], 0x20)
  foldCalls(code)
  assert.deepEqual([...code.subarray(0, 5)], [0xe8, 0x00, 0x01, 0x00, 0x00])
  assert.deepEqual([...code.subarray(0x20, 0x25)], [0xe8, 0x00, 0x01, 0x00, 0x00])
})

test('what is folded and unfolded is as it was', () => {
  // Opcodes and small highest bytes close to each other, as they are in no compiler's output.
  const byte = fc.oneof(fc.constantFrom(0xe8, 0xe9, 0, 3, 4, 0xfb, 0xfc, 0xff), fc.nat(255))
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 200 }), (bytes) => {
      const code = Uint8Array.from(bytes)
      foldCalls(code)
      unfoldCalls(code)
      assert.deepEqual([...code], bytes)
    }),
    { numRuns: 2000 },
  )
})
