// Where two files begin to differ.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

const CHUNK = 2 ** 22

/** Offset of the first byte that is not the same, or at which one of them has ended; undefined: they are the same. */
export function firstDifference(a: string, b: string): number | undefined {
  const files = [openSync(a, 'r'), openSync(b, 'r')] as const
  try {
    const buffers = [Buffer.alloc(CHUNK), Buffer.alloc(CHUNK)] as const
    for (let offset = 0; ; offset += CHUNK) {
      const [left, right] = files.map((file, i) => readChunk(file, buffers[i]!, offset)) as [Buffer, Buffer]
      if (!left.equals(right)) return offset + firstIndex(left, right)
      if (left.length === 0) return undefined
    }
  } finally {
    for (const file of files) closeSync(file)
  }
}

function readChunk(file: number, buffer: Buffer, offset: number): Buffer {
  const wanted = Math.min(buffer.length, Math.max(0, fstatSync(file).size - offset))
  let done = 0
  while (done < wanted) {
    const count = readSync(file, buffer, done, wanted - done, offset + done)
    if (count === 0) break
    done += count
  }
  return buffer.subarray(0, done)
}

function firstIndex(a: Buffer, b: Buffer): number {
  const length = Math.min(a.length, b.length)
  let index = 0
  while (index < length && a[index] === b[index]) index++
  return index
}
