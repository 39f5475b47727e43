// The checksum of a PE file (ImageHlp, CheckSumMappedFile): its 16-bit words added up with their carries, and its size.

/** Their sum is far below where a double rounds. */
const PAIRS_AT_ONCE = 2 ** 18

/** Sum of the words of a piece of a file. All pieces but the last have an even size. */
export function sumOfWords(bytes: Uint8Array): number {
  let sum = 0
  let at = 0
  if (bytes.byteOffset % 4 === 0) {
    // Two words at once: their sum is the same modulo the carry.
    const pairs = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2)
    for (let start = 0; start < pairs.length; start += PAIRS_AT_ONCE) {
      const end = Math.min(start + PAIRS_AT_ONCE, pairs.length)
      for (let i = start; i < end; i++) sum += pairs[i]!
      sum = fold(sum)
    }
    at = pairs.length * 4
  }
  for (; at + 1 < bytes.length; at += 2) sum += bytes[at]! | (bytes[at + 1]! << 8)
  return fold(at < bytes.length ? sum + bytes[at]! : sum)
}

/** @param sum of all words of the file but the checksum's own two */
export function checksumOf(sum: number, fileSize: number): number {
  return fold(sum) + fileSize
}

function fold(sum: number): number {
  while (sum > 0xffff) sum = (sum % 0x1_0000) + Math.floor(sum / 0x1_0000)
  return sum
}
