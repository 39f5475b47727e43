// The table by which ld.so looks names up in a file (DT_GNU_HASH): a Bloom filter, the first symbol of each bucket, and
// the hashes of all symbols, of which the last of a bucket has its lowest bit set.

import { viewOf } from '../../base/bytes.ts'

const HEADER_SIZE = 16
const WORD_BITS = 64
/** Of the filter; with so many bits for each name, one of some hundred that are not there is looked for in vain. */
const BITS_EACH = 12
const FILTER_SHIFT = 26
/** Names in a bucket. */
const LOAD = 4

/** dl_new_hash of glibc, elf/dl-hash.h */
export function gnuHash(name: string): number {
  let hash = 5381
  for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 33) + name.charCodeAt(i)) >>> 0
  return hash
}

/** In how many buckets so many names are. */
export function bucketCount(names: number): number {
  return Math.max(1, Math.ceil(names / LOAD))
}

/**
 * @param hashes of the symbols from `first` on, by bucket
 * @param first how many symbols lie before, which nobody looks up
 */
export function makeGnuHash(hashes: readonly number[], first: number): Uint8Array {
  const buckets = bucketCount(hashes.length)
  const words = 2 ** Math.max(0, Math.ceil(Math.log2((hashes.length * BITS_EACH) / WORD_BITS)))
  const bucketsAt = HEADER_SIZE + words * 8
  const chainAt = bucketsAt + buckets * 4
  const bytes = new Uint8Array(chainAt + hashes.length * 4)
  const view = viewOf(bytes)
  ;[buckets, first, words, FILTER_SHIFT].forEach((value, i) => view.setUint32(4 * i, value, true))
  hashes.forEach((hash, i) => {
    for (const bit of [hash % WORD_BITS, (hash >>> FILTER_SHIFT) % WORD_BITS]) {
      const at = HEADER_SIZE + 8 * (Math.floor(hash / WORD_BITS) % words) + Math.floor(bit / 8)
      bytes[at] = bytes[at]! | (1 << (bit % 8))
    }
    const bucket = hash % buckets
    if (i === 0 || hashes[i - 1]! % buckets !== bucket)
      view.setUint32(bucketsAt + 4 * bucket, first + i, true)
    const isLast = i + 1 === hashes.length || hashes[i + 1]! % buckets !== bucket
    view.setUint32(chainAt + 4 * i, ((hash & ~1) | (isLast ? 1 : 0)) >>> 0, true)
  })
  return bytes
}
