// Finds words in a process's memory: several times in all of it, so it has to be quick.

import type { Run } from './frozen-process.ts'

/** Addresses of the aligned 64-bit words of this value. Typed arrays look at words, Buffer.indexOf at each byte. */
export function addressesOf({ address, bytes }: Run, value: bigint): number[] {
  const words = new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.length >> 3)
  const found: number[] = []
  for (let at = words.indexOf(value); at !== -1; at = words.indexOf(value, at + 1))
    found.push(address + 8 * at)
  return found
}
