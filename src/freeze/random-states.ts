// Finds in a process's memory what V8 makes random numbers from, so that every start can have other ones.

import { viewOf } from '../base/bytes.ts'
import { addressesOf } from './find-words.ts'
import type { Region } from './frozen-process.ts'

/** In 64-bit words: V8's batch of numbers, its length and type, and before it the state that made it. */
const BATCH_SIZE = 64
const STATE_BEFORE_LAST = BATCH_SIZE + 3

/**
 * V8 draws Math.random's values in batches, which lie behind the state that the next one is made from. The
 * last value of a batch is what the bootstrap has noted: the upper 53 bits of the sum of the state's words.
 */
export function findRandomState(regions: readonly Region[], random: Uint8Array): number {
  const bits = viewOf(random).getBigUint64(0, true)
  const value = Buffer.alloc(8)
  value.writeDoubleLE(Number(bits) / 2 ** 53)
  const word = value.readBigUInt64LE()
  for (const { runs } of regions) {
    for (const run of runs) {
      const view = viewOf(run.bytes)
      for (const last of addressesOf(run, word)) {
        const state = last - 8 * STATE_BEFORE_LAST
        const at = state - run.address
        if (at < 0) continue
        const sum = view.getBigUint64(at, true) + view.getBigUint64(at + 8, true)
        if (BigInt.asUintN(64, sum) >> 11n === bits) return state
      }
    }
  }
  throw new Error('the state of Math.random was not found')
}

/** What malloc writes before 24 bytes: the size with its own, and that what lies before is in use. */
const SMALL_CHUNK = 0x21

/** How often the generator has been asked at most: some hundred times when node starts, eight for each context, once for each key of a Map. */
const WALKS = [1 << 14, 1 << 18, 1 << 22]
/** Of all walks of one length: some seconds. */
const MOST_STEPS = 2 ** 29

/**
 * V8's generator of an isolate (base/utils/random-number-generator.h) seeds Math.random in each new context. It
 * is allocated by itself, and made of the seed that it began with and two words that follow from it.
 */
export function findGeneratorState(regions: readonly Region[]): number {
  const candidates = [...generatorsIn(regions)]
  for (const longest of WALKS) {
    if (candidates.length * longest > MOST_STEPS) break
    const found = candidates.find(({ words: [seed, a, b] }) => followsFrom(seed, a, b, longest))
    if (found) return found.address + 8
  }
  throw new Error('the generator of V8 was not found')
}

interface MaybeGenerator {
  readonly address: number
  readonly words: readonly [bigint, bigint, bigint]
}

function* generatorsIn(regions: readonly Region[]): Generator<MaybeGenerator> {
  for (const { address, bytes } of regions.flatMap(({ runs }) => runs)) {
    const view = viewOf(bytes)
    for (let at = 16; at + 24 <= bytes.length; at += 16) {
      if (view.getUint32(at - 8, true) !== SMALL_CHUNK || view.getUint32(at - 4, true) !== 0) continue
      // No addresses and small numbers: those begin with zeros.
      if ([6, 14, 22].some((offset) => view.getUint16(at + offset, true) === 0)) continue
      const word = (offset: number) => view.getBigUint64(at + offset, true)
      yield { address: address + at, words: [word(0), word(8), word(16)] }
    }
  }
}

/**
 * Whether the generator with this seed comes to these two words. In halves of 32 bits: there are some dozens of
 * candidates, and BigInt takes 5 ms for each walk.
 */
function followsFrom(seed: bigint, a: bigint, b: bigint, longest: number): boolean {
  const [aLow, aHigh, bLow, bHigh] = halves([a, b])
  const mixed = mix(seed)
  let [low, high, secondLow, secondHigh] = halves([mixed, mix(~mixed)])
  for (let i = 0; i < longest; i++) {
    if (low === aLow && high === aHigh && secondLow === bLow && secondHigh === bHigh) return true
    // xorshift128+
    let nextHigh = high ^ ((high << 23) | (low >>> 9))
    let nextLow = low ^ (low << 23)
    nextLow ^= (nextLow >>> 17) | (nextHigh << 15)
    nextHigh ^= nextHigh >>> 17
    low = secondLow
    high = secondHigh
    secondLow = nextLow ^ low ^ ((low >>> 26) | (high << 6))
    secondHigh = nextHigh ^ high ^ (high >>> 26)
  }
  return false
}

/** Low and high, as signed integers. */
function halves([a, b]: readonly [bigint, bigint]): [number, number, number, number] {
  const half = (word: bigint) => Number(BigInt.asIntN(32, word))
  return [half(a), half(a >> 32n), half(b), half(b >> 32n)]
}

/** The end of MurmurHash3, for 64 bits. */
function mix(value: bigint): bigint {
  let hash = BigInt.asUintN(64, value)
  hash ^= hash >> 33n
  hash = BigInt.asUintN(64, hash * 0xff51_afd7_ed55_8ccdn)
  hash ^= hash >> 33n
  hash = BigInt.asUintN(64, hash * 0xc4ce_b9fe_1a85_ec53n)
  return hash ^ (hash >> 33n)
}
