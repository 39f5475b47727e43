import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { findHeapLimits, heapLimits } from './heap-limits.ts'
import type { Region } from './frozen-process.ts'

const MEBIBYTE = 2 ** 20

/** In MiB, as plain node 26 has them in control groups of these sizes. */
const KNOWN: readonly (readonly [
  memory: number,
  old: number,
  initial: number,
  semiSpace: number,
  capacity: number,
])[] = [
  [512, 256, 128, 4, 268],
  [700, 350, 175, 8, 374],
  [1024, 512, 256, 8, 536],
  [1300, 650, 325, 16, 698],
  [3000, 1500, 512, 32, 1596],
  [9000, 2048, 512, 32, 2144],
  [15_360, 4096, 512, 32, 4192],
  [24_105.5625, 4096, 512, 32, 4192],
]

suite("the limits of V8's heap", () => {
  for (const [memory, old, initial, semiSpace, capacity] of KNOWN) {
    test(`with ${memory} MiB`, () => {
      const limits = heapLimits(memory * MEBIBYTE)
      assert.deepEqual(
        [limits.old, limits.initial, limits.semiSpace, limits.capacity].map((bytes) => bytes / MEBIBYTE),
        [old, initial, semiSpace, capacity],
      )
      assert.equal(limits.global, 2 * limits.old)
      assert.equal(limits.young, Math.min(8 * MEBIBYTE, limits.semiSpace))
    })
  }
})

suite('where they lie', () => {
  const MEMORY = 24_105.5625 * MEBIBYTE
  const START = 0x2aaa_0000_0000
  const { old, initial, global, semiSpace, capacity } = heapLimits(MEMORY)
  /** Words at offsets. */
  const layout = {
    0x110: START + 0x400,
    0x120: old,
    0x128: initial,
    0x140: old,
    0x150: global,
    0x420: semiSpace,
    0x500: capacity,
    0x518: START,
    0x520: START + 0x1000,
    0x608: MEMORY,
    0x6a0: MEBIBYTE,
    0x6a8: semiSpace,
    0x6b8: 2 * MEBIBYTE,
    // By chance.
    0x700: old,
    0x720: semiSpace,
    0x731: capacity,
    0x760: capacity,
  }
  const regionsOf = (words: Record<number, number>): Region[] => {
    const bytes = Buffer.alloc(4096)
    for (const [at, value] of Object.entries(words)) bytes.writeBigUInt64LE(BigInt(value), Number(at))
    return [
      {
        start: START,
        end: START + 4096,
        protection: 3,
        fileOffset: undefined,
        runs: [{ address: START, bytes }],
      },
    ]
  }

  test('all are found', () => {
    assert.deepEqual(
      findHeapLimits(regionsOf(layout), MEMORY).map(({ address, kind }) => [address - START, kind]),
      [
        [0x120, 'old'],
        [0x128, 'initial'],
        [0x140, 'old'],
        [0x150, 'global'],
        [0x420, 'semiSpace'],
        [0x500, 'capacity'],
        [0x608, 'physical'],
        [0x6a8, 'semiSpace'],
        [0x6b8, 'young'],
      ],
    )
  })

  for (const [title, words] of [
    ['is large', { 0x6b8: 16 * MEBIBYTE }],
    ['has another least size', { 0x6a0: 2 * MEBIBYTE }],
    ['is no power of two', { 0x6b8: 3 * MEBIBYTE }],
    ['is there twice', { 0xa00: MEBIBYTE, 0xa08: semiSpace, 0xa18: MEBIBYTE }],
  ] as const) {
    test(`a young generation that ${title} is left as it is`, () => {
      const found = findHeapLimits(regionsOf({ ...layout, ...words }), MEMORY)
      assert.deepEqual(
        found.filter(({ kind }) => kind === 'young'),
        [],
      )
    })
  }

  for (const [title, words] of [
    ['no heap', { 0x140: 0 }],
    ['another semi-space', { 0x420: 1 }],
    ['two capacities', { 0x900: capacity, 0x918: START, 0x920: START + 0x1000 }],
    ['two heaps', { 0x7f0: START + 0x400, 0x800: old, 0x808: initial, 0x820: old, 0x830: global }],
  ] as const) {
    test(`none with ${title}`, () => {
      assert.deepEqual(findHeapLimits(regionsOf({ ...layout, ...words }), MEMORY), [])
    })
  }
})
