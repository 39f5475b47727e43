// What is read of the archive is looked at when it is first read: a damaged executable ends instead of running what
// nobody has written, and a start costs what it reads. The launcher has the checksums of the seal, and compares them as
// fast as memory is, where node's CRC-32 takes a sixth of reading many files; where there is no launcher, the archive has
// these (format/archive.ts).

import { CHECKED_SIZE } from '../../format/archive.ts'
import { CLUSTER_SIZE } from '../../format/seal.ts'
import { tellerOf } from '../control.ts'
import type { Internals } from '../internals.ts'
import { HAS_LAUNCHER } from '../platform.ts'

/** Gives the check: of bytes from `start` on in the archive. */
export type Check = (start: number, size: number) => void

/**
 * @param end of what has checksums in the archive, in bytes; 0: nothing has
 * @param sums of each CHECKED_SIZE bytes
 */
export function createCheck(internals: Internals, bytes: Buffer, end: number, sums: Uint32Array): Check {
  if (HAS_LAUNCHER) return onceEach(CLUSTER_SIZE, bytes.length, lookOfLauncher(internals))
  return end === 0 ? () => {} : onceEach(CHECKED_SIZE, end, ownLook(internals, bytes, end, sums))
}

/**
 * @param size of a piece: a power of two
 * @param look at the piece that begins there; false if it has to be looked at again
 */
function onceEach(size: number, end: number, look: (start: number) => boolean): Check {
  const shift = 31 - Math.clz32(size)
  const seen = new Uint8Array(Math.ceil(end / size))
  const first = (number: number) => {
    if (look((number << shift) >>> 0)) seen[number] = 1
  }
  return (start, count) => {
    const last = (start + Math.max(count, 1) - 1) >>> shift
    for (let number = start >>> shift; number <= last; number++) if (seen[number] !== 1) first(number)
  }
}

function lookOfLauncher({ fs }: Internals): (start: number) => boolean {
  const tell = tellerOf(fs)
  // What a build run has seen is in the memory of each start, of whose file it says nothing.
  let isBuilding = true
  return (start) => {
    if (isBuilding && (isBuilding = tell('is-freezing'))) return false
    tell(`verify/${start.toString(16)}`)
    return true
  }
}

function ownLook(
  { zlib }: Internals,
  bytes: Buffer,
  end: number,
  sums: Uint32Array,
): (start: number) => boolean {
  return (start) => {
    const piece = bytes.subarray(start, Math.min(start + CHECKED_SIZE, end))
    if (zlib.crc32(piece, 0) !== sums[start / CHECKED_SIZE]) endDamaged(start)
    return true
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
