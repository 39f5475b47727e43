import assert from 'node:assert/strict'
import { test } from 'node:test'

import { findHeldLocks } from './held-locks.ts'

const MAIN = 4711
const HELPER = 4712

/** Of memory at 0x1000 that holds these words. */
function ownersIn(...words: number[]) {
  const bytes = new Uint8Array(Int32Array.from(words).buffer)
  const region = { start: 0x1000, end: 0x2000, protection: 3, fileOffset: undefined }
  return findHeldLocks([{ ...region, runs: [{ address: 0x1000, bytes }] }], [MAIN, HELPER])
}

test('a recursive mutex that is held', () => {
  assert.deepEqual(ownersIn(0, 0, 1, 3, MAIN, 1, 1, 0), [{ owner: 0x1010, thread: 0 }])
  assert.deepEqual(ownersIn(2, 1, HELPER, 1, 0x81, 0), [{ owner: 0x1008, thread: 1 }])
})

test('an error-checking one, which does not count', () => {
  assert.deepEqual(ownersIn(1, 0, MAIN, 1, 2), [{ owner: 0x1008, thread: 0 }])
})

test('a lock that is held for writing', () => {
  assert.deepEqual(ownersIn(3, 0, 1, 1, 0, 0, HELPER, 0), [{ owner: 0x1018, thread: 1 }])
})

test('no part of a heap: sizes are numbers, too, and text is before them', () => {
  const text = Buffer.from('3 and more text of a program').readInt32LE()
  assert.deepEqual(ownersIn(text, text, text, text, 0, 0, MAIN, 0), [])
  assert.deepEqual(ownersIn(3, 0, text | 1, text | 1, 0, 0, MAIN, 0), [])
  assert.deepEqual(ownersIn(1, 1, MAIN, 1, 0x701, 0), [])
})

test('neither a plain mutex, nor one that is free or at an odd place, nor a number by itself', () => {
  assert.deepEqual(ownersIn(1, 0, MAIN, 1, 0), [])
  assert.deepEqual(ownersIn(0, 0, MAIN, 0, 1), [])
  assert.deepEqual(ownersIn(0, 1, 1, MAIN, 1, 1), [])
  assert.deepEqual(ownersIn(MAIN, HELPER, MAIN), [])
  assert.deepEqual(ownersIn(8, 0, 0, 0, 0, 0, MAIN, 0), [])
})
