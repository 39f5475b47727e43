// What is read of the archive is compared with its checksums (format/archive.ts) when it is first read: a damaged
// executable ends instead of running what nobody has written, and a start costs what it reads.

import { CHECKED_SIZE } from '../../format/archive.ts'
import { tellerOf } from '../control.ts'
import type { Internals } from '../internals.ts'
import { HAS_LAUNCHER } from '../platform.ts'

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
  const tell = tellerOf(fs)
  const seen = new Uint8Array(sums.length)
  // What a build run has seen is in the memory of each start, of whose file it says nothing.
  let isBuilding = true
  const look = (number: number) => {
    if (isBuilding && (isBuilding = tell('is-freezing'))) return
    const start = (number << SHIFT) >>> 0
    const piece = bytes.subarray(start, Math.min(start + CHECKED_SIZE, end))
    if (zlib.crc32(piece, 0) !== sums[number]) {
      if (HAS_LAUNCHER) tell(`damaged/${start.toString(16)}`)
      else endDamaged(start)
    }
    seen[number] = 1
  }
  return (start, size) => {
    const last = (start + Math.max(size, 1) - 1) >>> SHIFT
    for (let number = start >>> SHIFT; number <= last; number++) if (seen[number] !== 1) look(number)
  }
}

/** As the launcher ends such a process (launcher/verify.c). */
function endDamaged(offset: number): never {
  const { execPath, _rawDebug: write, reallyExit } = process as any
  write(
    `error EXECUTABLE_DAMAGED ${execPath}  its program is damaged at byte 0x${offset.toString(16)} of its archive`,
  )
  write('  help: copy the file again, or build it again; "ingot verify" looks at all of it')
  reallyExit(EXIT_DAMAGED)
  // What ends only its thread goes no further.
  throw new Error('this executable is damaged')
}

const EXIT_DAMAGED = 74
