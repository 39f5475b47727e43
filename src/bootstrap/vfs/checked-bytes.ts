// What is read of the archive is compared with its checksums (format/archive.ts) when it is first read: a damaged
// executable ends instead of running what nobody has written, and a start costs what it reads.

import { CHECKED_SIZE } from '../../format/archive.ts'
import { CONTROL_ROOT } from '../control.ts'
import type { Internals } from '../internals.ts'

/** CHECKED_SIZE is two to this. */
const SHIFT = 31 - Math.clz32(CHECKED_SIZE)

/** Gives the check: of bytes from `start` on in the archive. */
export type Check = (start: number, size: number) => void

/**
 * @param end of what has checksums, in bytes; 0: nothing has
 * @param sums of each CHECKED_SIZE bytes
 */
export function createCheck({ fs, zlib }: Internals, bytes: Buffer, end: number, sums: Uint32Array): Check {
  if (end === 0) return () => {}
  const tell = (message: string) => (fs.existsSync as (file: string) => boolean)(CONTROL_ROOT + message)
  const seen = new Uint8Array(sums.length)
  // What a build run has seen is in the memory of each start, of whose file it says nothing.
  let isBuilding = true
  const look = (number: number) => {
    if (isBuilding && (isBuilding = tell('is-freezing'))) return
    const start = (number << SHIFT) >>> 0
    const piece = bytes.subarray(start, Math.min(start + CHECKED_SIZE, end))
    if (zlib.crc32(piece, 0) !== sums[number]) tell(`damaged/${start.toString(16)}`)
    seen[number] = 1
  }
  return (start, size) => {
    const last = (start + Math.max(size, 1) - 1) >>> SHIFT
    for (let number = start >>> SHIFT; number <= last; number++) if (seen[number] !== 1) look(number)
  }
}
