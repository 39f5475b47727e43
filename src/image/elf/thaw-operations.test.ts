import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import type { Region } from '../../freeze/frozen-process.ts'
import { PF_R, PF_W, PROT_NONE, PROT_READ, PROT_WRITE, PT_LOAD } from './constants.ts'
import { planOperations } from './thaw-operations.ts'

const PAGE = 4096
const START = 0x2aaa_0000_0000
const HOME = 0x100_0000
const READ_WRITE = PROT_READ | PROT_WRITE

/** What is saved, and where the region begins and ends, in pages from START. */
function region(
  from: number,
  to: number,
  saved: readonly [number, number][] = [],
  rest: object = {},
): Region {
  const runs = saved.map(([first, last]) => ({
    address: START + first * PAGE,
    bytes: Buffer.alloc((last - first) * PAGE),
  }))
  const place = { start: START + from * PAGE, end: START + to * PAGE }
  return { ...place, protection: READ_WRITE, fileOffset: undefined, runs, ...rest }
}

function plan(...regions: Region[]) {
  const home = { type: PT_LOAD, flags: PF_R | PF_W, virtualAddress: HOME, memorySize: 4 * PAGE }
  const { expected, maps, pieces } = planOperations({ programHeaders: [home] as never }, { regions })
  const inPages = ({ address, size }: { address: number; size: number }) => [
    (address - START) / PAGE,
    (address + size - START) / PAGE,
  ]
  return {
    expected: expected.map(inPages),
    maps: maps.map(inPages),
    pieces: pieces.map(inPages),
    fromFile: pieces.filter(({ bytes }) => !bytes).map(inPages),
  }
}

suite('the steps that put memory in place', () => {
  test('what is saved is moved, and only what is around it is mapped', () => {
    const { expected, maps, pieces } = plan(
      region(0, 10, [
        [2, 4],
        [6, 8],
      ]),
    )
    assert.deepEqual(expected, [[0, 10]])
    assert.deepEqual(maps, [
      [0, 2],
      [4, 6],
      [8, 10],
    ])
    assert.deepEqual(pieces, [
      [2, 4],
      [6, 8],
    ])
  })

  test('nothing is mapped where all is saved', () => {
    assert.deepEqual(plan(region(0, 4, [[0, 4]])).maps, [])
  })

  test('what is around two neighbours is one mapping', () => {
    const { maps } = plan(region(0, 4, [[0, 3]]), region(4, 8, [[6, 8]]))
    assert.deepEqual(maps, [[3, 6]])
  })

  test('neighbours of two protections are two', () => {
    const { maps } = plan(region(0, 4), region(4, 8, [], { protection: PROT_NONE }))
    assert.deepEqual(maps, [
      [0, 4],
      [4, 8],
    ])
  })

  test('what is from the file is moved whole, and then what of it was written', () => {
    const { maps, pieces, fromFile } = plan(region(0, 8, [[2, 3]], { fileOffset: 0x10000 }))
    assert.deepEqual(maps, [])
    assert.deepEqual(pieces, [
      [0, 8],
      [2, 3],
    ])
    assert.deepEqual(fromFile, [[0, 8]])
  })

  test('what is near is looked for in one call, and what is far away in another', () => {
    const far = 2 ** 30 / PAGE
    assert.deepEqual(plan(region(0, 1), region(far, far + 1)).expected, [[0, far + 1]])
    assert.deepEqual(plan(region(0, 1), region(far + 1, far + 2)).expected, [
      [0, 1],
      [far + 1, far + 2],
    ])
  })

  test('a segment of the program is not expected to be free', () => {
    const around = (from: number) => ({ ...region(0, 1), start: from, end: from + PAGE })
    const segment = { ...around(HOME), runs: [{ address: HOME, bytes: Buffer.alloc(PAGE) }] }
    const { expected, maps, pieces } = plan(around(HOME - 2 * PAGE), segment, around(HOME + 8 * PAGE))
    assert.equal(expected.length, 2)
    assert.equal(maps.length, 2)
    assert.equal(pieces.length, 1)
  })
})
