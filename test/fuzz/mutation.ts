// Damage for binary inputs, and what is allowed to come of it.

import assert from 'node:assert/strict'
import vm from 'node:vm'

import fc from 'fast-check'

import { BuildError } from '../../src/base/diagnostics.ts'
import { THOROUGH } from '../support/thorough.ts'

/** Another seed than the fixed one explores; a failure prints the seed and the path to repeat it. */
export const FUZZ = {
  seed: Number(process.env['INGOT_FUZZ_SEED'] ?? 26),
  numRuns: Number(process.env['INGOT_FUZZ_RUNS'] ?? (THOROUGH ? 1500 : 300)),
  interruptAfterTimeLimit: 60_000,
} as const

/** Numbers at which parsers go wrong: ends of types, of doubles' integers, of user space, of pages. */
const EXTREMES: readonly bigint[] = [
  0n,
  1n,
  7n,
  8n,
  0xffn,
  0xfffn,
  0x1000n,
  0x1001n,
  0xffffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
  2n ** 40n,
  2n ** 46n,
  2n ** 47n - 1n,
  2n ** 47n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 53n + 1n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 0x1000n,
  2n ** 64n - 1n,
]

export interface Mutation {
  readonly offset: number
  readonly width: 1 | 2 | 4 | 8
  readonly value: bigint
}

/** Changes of the first `size` bytes. */
export function mutations(size: number, maxLength = 4): fc.Arbitrary<Mutation[]> {
  const value = fc.oneof(
    fc.constantFrom(...EXTREMES),
    fc.bigInt({ min: 0n, max: 0x8000n }),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  )
  const widths: readonly Mutation['width'][] = [1, 2, 4, 8]
  const mutation = fc
    .record({ offset: fc.nat(size - 1), width: fc.constantFrom(...widths), value, aligned: fc.boolean() })
    .map(({ offset, width, value: wide, aligned }) => ({
      offset: aligned ? offset - (offset % width) : offset,
      width,
      value: BigInt.asUintN(8 * width, wide),
    }))
  return fc.array(mutation, { minLength: 1, maxLength })
}

/** Writes them in place; what does not fit is cut off. Returns how to undo it. */
export function mutate(bytes: Buffer, changes: readonly Mutation[]): () => void {
  const saved = changes.map(({ offset, width }) => Buffer.from(bytes.subarray(offset, offset + width)))
  for (const { offset, width, value } of changes) {
    const word = Buffer.alloc(8)
    word.writeBigUInt64LE(value)
    word.copy(bytes, offset, 0, Math.min(width, bytes.length - offset))
  }
  return () => {
    for (let i = changes.length - 1; i >= 0; i--) bytes.set(saved[i]!, changes[i]!.offset)
  }
}

/** The result, or the BuildError with a place in the file; anything else, or no end, fails the test. */
export function resultOrRefusal<T>(run: () => T): T | BuildError {
  try {
    return bounded(run)
  } catch (error) {
    if (!(error instanceof BuildError)) throw error
    const offset = error.at?.offset
    assert(Number.isSafeInteger(offset) && offset! >= 0, `${error.code} has no offset, but ${offset}`)
    assert(error.help, `${error.code} says no remedy`)
    return error
  }
}

const LIMIT_MS = 1000
const call = new vm.Script('globalThis.ingotBounded()')

/** Ends an endless loop with an error, and counts processor time: the machine may be busy. */
export function bounded<T>(run: () => T, limitMs = LIMIT_MS): T {
  const begin = process.cpuUsage()
  let result: T
  Object.assign(globalThis, { ingotBounded: () => void (result = run()) })
  call.runInThisContext({ timeout: 3 * limitMs })
  const { user, system } = process.cpuUsage(begin)
  assert(user + system < 1000 * limitMs, `took ${(user + system) / 1000} ms of processor time`)
  return result!
}
