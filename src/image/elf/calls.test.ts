import assert from 'node:assert/strict'
import { test } from 'node:test'

import { X64 } from './x64.ts'

test('calls and last jumps of a function become those of another', () => {
  const code = Buffer.alloc(64, 0x90)
  const put = (at: number, opcode: number, target: number) => {
    code[at] = opcode
    code.writeInt32LE(target - (0x1000 + at + 5), at + 1)
  }
  put(3, 0xe8, 0x5000)
  put(20, 0xe9, 0x5000)
  put(40, 0xe8, 0x6000)
  code[62] = 0xe8
  const found = X64.redirectedCalls!(code, 0x1000, new Map([[0x5000, 0x900]]))
  for (const { address, bytes } of found) code.set(bytes, address - 0x1000)
  assert.deepEqual(
    found.map(({ address }) => address),
    [0x1003, 0x1014],
  )
  const targetAt = (at: number) => 0x1000 + at + 5 + code.readInt32LE(at + 1)
  assert.deepEqual([3, 20, 40].map(targetAt), [0x900, 0x900, 0x6000])
})
