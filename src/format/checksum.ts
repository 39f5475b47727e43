// The checksum by which a program sees that its own file is damaged. It is not for people with bad intentions (for them
// are SHA-256 and a signature), but for what happens to files: a change within one of its words is seen for certain, and
// of others one in 2^64 is not. As fast as memory (launcher/…/checksum.c), at every start.
//
// The bytes are eight interleaved streams of 64-bit words. Each has the sum of its words and the sum of these sums, as
// Fletcher's. Before a word is added the halves of the sum change places: a sum by itself carries nothing out of its
// highest bits, and two changes there would cancel each other in one of two cases. In the end each sum is mixed into the
// result in a way that can be undone, so no change of a single one is lost.

export const CHECKSUM_SIZE = 8

const STREAMS = 8
/** A multiple of so many bytes is looked at; what follows is not. */
export const STEP = 8 * STREAMS

const ODD = 0x9e37_79b9_7f4a_7c15n

/** By halves of words, with which V8 is faster than with bigints. */
export function checksumOf(bytes: Uint8Array): bigint {
  const words = halvesOf(bytes)
  const [low, high, sumsLow, sumsHigh] = [halves(), halves(), halves(), halves()]
  for (let i = 0; i < words.length; i += 2 * STREAMS) {
    for (let k = 0; k < STREAMS; k++) {
      const sum = high[k]! + words[i + 2 * k]!
      high[k] = low[k]! + words[i + 2 * k + 1]! + carryOf(sum)
      low[k] = sum
      const ofSums = sumsLow[k]! + low[k]!
      sumsHigh[k] = sumsHigh[k]! + high[k]! + carryOf(ofSums)
      sumsLow[k] = ofSums
    }
  }
  return mixed(mixed(0n, low, high), sumsLow, sumsHigh)
}

/** What is stored in one is cut to 32 bits. */
const halves = (): Uint32Array => new Uint32Array(STREAMS)

const carryOf = (sum: number): number => (sum > 0xffff_ffff ? 1 : 0)

function mixed(seed: bigint, low: Uint32Array, high: Uint32Array): bigint {
  return low.reduce((result, half, k) => {
    const word = (BigInt(high[k]!) << 32n) | BigInt(half)
    const product = BigInt.asUintN(64, (result ^ word) * ODD)
    return product ^ (product >> 32n)
  }, seed)
}

function halvesOf(bytes: Uint8Array): Uint32Array {
  const count = Math.floor(bytes.length / STEP) * (STEP / 4)
  const isAligned = bytes.byteOffset % 4 === 0
  // Not `slice`, which of a Buffer is no copy.
  const aligned = isAligned ? bytes : new Uint8Array(bytes)
  return new Uint32Array(aligned.buffer, aligned.byteOffset, count)
}
