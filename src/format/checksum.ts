// The checksum by which a program sees that its own file is damaged. It is not for people with bad intentions (for them
// are SHA-256 and a signature), but for what happens to files: any change within eight bytes is seen for certain, and of
// others one in 2^64 is not. As fast as memory (launcher/checksum.c), at every start.
//
// The bytes are eight interleaved streams of 64-bit words. Each has the sum of its words and the sum of these sums, as
// Fletcher's. In the result a change of one word counts an odd number of times, so it is never lost.

export const CHECKSUM_SIZE = 8

/** A multiple of so many bytes is looked at; what follows is not. */
export const STEP = 64

const ODD = 0x9e37_79b9_7f4a_7c15n

/** V8 computes with machine words where it sees that a sum is cut to 64 bits. */
export function checksumOf(bytes: Uint8Array): bigint {
  const words = wordsOf(bytes)
  let a0 = 0n
  let a1 = 0n
  let a2 = 0n
  let a3 = 0n
  let a4 = 0n
  let a5 = 0n
  let a6 = 0n
  let a7 = 0n
  let b0 = 0n
  let b1 = 0n
  let b2 = 0n
  let b3 = 0n
  let b4 = 0n
  let b5 = 0n
  let b6 = 0n
  let b7 = 0n
  for (let i = 0; i < words.length; i += STEP / 8) {
    a0 = BigInt.asUintN(64, a0 + words[i]!)
    b0 = BigInt.asUintN(64, b0 + a0)
    a1 = BigInt.asUintN(64, a1 + words[i + 1]!)
    b1 = BigInt.asUintN(64, b1 + a1)
    a2 = BigInt.asUintN(64, a2 + words[i + 2]!)
    b2 = BigInt.asUintN(64, b2 + a2)
    a3 = BigInt.asUintN(64, a3 + words[i + 3]!)
    b3 = BigInt.asUintN(64, b3 + a3)
    a4 = BigInt.asUintN(64, a4 + words[i + 4]!)
    b4 = BigInt.asUintN(64, b4 + a4)
    a5 = BigInt.asUintN(64, a5 + words[i + 5]!)
    b5 = BigInt.asUintN(64, b5 + a5)
    a6 = BigInt.asUintN(64, a6 + words[i + 6]!)
    b6 = BigInt.asUintN(64, b6 + a6)
    a7 = BigInt.asUintN(64, a7 + words[i + 7]!)
    b7 = BigInt.asUintN(64, b7 + a7)
  }
  const sum = a0 + 3n * a1 + 5n * a2 + 7n * a3 + 9n * a4 + 11n * a5 + 13n * a6 + 15n * a7
  return BigInt.asUintN(64, ODD * sum + 2n * (b0 + b1 + b2 + b3 + b4 + b5 + b6 + b7))
}

function wordsOf(bytes: Uint8Array): BigUint64Array {
  const count = Math.floor(bytes.length / STEP) * (STEP / 8)
  const isAligned = bytes.byteOffset % 8 === 0
  const aligned = isAligned ? bytes : bytes.slice()
  return new BigUint64Array(aligned.buffer, aligned.byteOffset, count)
}
