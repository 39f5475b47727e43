import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import type { Region } from '../../freeze/frozen-process.ts'
import { PF_R, PF_W, PROT_NONE, PROT_READ, PROT_WRITE, PT_LOAD } from './constants.ts'
import { COPY, planOperations } from './thaw-operations.ts'

/** So large that it is not copied. */
const UNIT = 8 * 4096
const START = 0x2aaa_0000_0000
const HOME = 0x100_0000
const READ_WRITE = PROT_READ | PROT_WRITE

/** What is saved, and where the region begins and ends, in units from START. */
function region(
  from: number,
  to: number,
  saved: readonly [number, number][] = [],
  rest: object = {},
): Region {
  const runs = saved.map(([first, last]) => ({
    address: START + first * UNIT,
    bytes: Buffer.alloc((last - first) * UNIT),
  }))
  const place = { start: START + from * UNIT, end: START + to * UNIT }
  return { ...place, protection: READ_WRITE, fileOffset: undefined, runs, ...rest }
}

function plan(...regions: Region[]) {
  const home = { type: PT_LOAD, flags: PF_R | PF_W, virtualAddress: HOME, memorySize: 4 * UNIT }
  const { expected, maps, pieces } = planOperations({ programHeaders: [home] as never }, { regions })
  const inUnits = ({ address, size }: { address: number; size: number }) => [
    (address - START) / UNIT,
    (address + size - START) / UNIT,
  ]
  return {
    expected: expected.map(inUnits),
    maps: maps.map(inUnits),
    pieces: pieces.map(inUnits),
    fromFile: pieces.filter(({ bytes }) => !bytes).map(inUnits),
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
    const far = 2 ** 30 / UNIT
    assert.deepEqual(plan(region(0, 1), region(far, far + 1)).expected, [[0, far + 1]])
    assert.deepEqual(plan(region(0, 1), region(far + 1, far + 2)).expected, [
      [0, 1],
      [far + 1, far + 2],
    ])
  })

  test('a segment of the program is not expected to be free', () => {
    const around = (from: number) => ({ ...region(0, 1), start: from, end: from + UNIT })
    const segment = { ...around(HOME), runs: [{ address: HOME, bytes: Buffer.alloc(UNIT) }] }
    const { expected, maps, pieces } = plan(around(HOME - 2 * UNIT), segment, around(HOME + 8 * UNIT))
    assert.equal(expected.length, 2)
    assert.equal(maps.length, 2)
    assert.equal(pieces.length, 1)
  })

  suite('that is little, or written to,', () => {
    const planOf = (run: Region, written: readonly number[] = []) =>
      planOperations({ programHeaders: [] }, { regions: [run] }, written)
    const pagesFrom = (from: number, count: number) =>
      Array.from({ length: count }, (_, i) => from + i * 4096)
    const few = { ...region(0, 4), runs: [{ address: START + UNIT, bytes: Buffer.alloc(2 * 4096) }] }

    test('is copied into the mapping around it', () => {
      const { maps, pieces, protects } = planOf(few)
      assert.deepEqual(
        maps.map(({ address, size }) => [address, size]),
        [[START, 4 * UNIT]],
      )
      assert.deepEqual(
        pieces.map(({ kind, protection, address, size }) => [kind, protection, address, size]),
        [[COPY, PROT_READ, START + UNIT, 2 * 4096]],
      )
      assert.deepEqual(protects, [])
    })

    test('is moved where it cannot be written to, is from the file, or another part of the program', () => {
      const segment = { type: PT_LOAD, flags: PF_R | PF_W, virtualAddress: START, memorySize: 4 * UNIT }
      for (const { pieces } of [
        planOf({ ...few, protection: PROT_READ }),
        planOf({ ...few, fileOffset: 0 }),
        planOperations({ programHeaders: [segment] as never }, { regions: [few] }),
      ])
        assert.ok(pieces.every(({ kind }) => kind !== COPY))
    })

    test('is copied if that is less than to copy it page by page when it is written to', () => {
      const run = region(0, 4, [[0, 4]])
      const isCopied = (written: readonly number[]) => planOf(run, written).pieces[0]!.kind === COPY
      assert.equal(isCopied(pagesFrom(START, 28)), false)
      assert.equal(isCopied(pagesFrom(START, 29)), true)
      assert.equal(isCopied(pagesFrom(START + 8 * UNIT, 29)), false)
    })
  })
})
