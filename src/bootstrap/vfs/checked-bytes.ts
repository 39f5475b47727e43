// What is read of the archive is looked at when it is first read: a damaged executable ends instead of running what
// nobody has written, and a start costs what it reads. The launcher has the checksums of the seal, and compares them as
// fast as memory is, where node's CRC-32 takes a sixth of reading many files; where there is no launcher, the archive has
// these (format/archive.ts).

import { CHECKED_SIZE } from '../../format/archive.ts'
import { CLUSTER_SIZE } from '../../format/seal.ts'
import { tellerOf } from '../control.ts'
import type { Internals } from '../internals.ts'
import { HAS_LAUNCHER } from '../platform.ts'

/** Of bytes from `start` on in the archive. */
export type Check = (start: number, size: number) => void

export interface Checking {
  readonly check: Check
  /** Runs `reads` in a build run, and takes what they read for checked until they are done. */
  readonly warmUp: (reads: () => void) => void
}

export const NO_CHECKING: Checking = { check: () => {}, warmUp: (reads) => reads() }

/**
 * @param end of what has checksums in the archive, in bytes; 0: nothing has
 * @param sums of each CHECKED_SIZE bytes
 */
export function createChecking(
  internals: Internals,
  bytes: Buffer,
  end: number,
  sums: Uint32Array,
): Checking {
  if (HAS_LAUNCHER) return onceEach(CLUSTER_SIZE, bytes.length, lookOfLauncher(internals))
  return end === 0 ? NO_CHECKING : onceEach(CHECKED_SIZE, end, ownLook(internals, bytes, end, sums))
}

/**
 * @param size of a piece: a power of two
 * @param look at the piece that begins there; false if it has to be looked at again
 */
function onceEach(size: number, end: number, look: (start: number) => boolean): Checking {
  const shift = 31 - Math.clz32(size)
  const seen = new Uint8Array(Math.ceil(end / size))
  let isWarmingUp = false
  const first = (number: number) => {
    if (look((number << shift) >>> 0) || isWarmingUp) seen[number] = 1
  }
  return {
    check(start, count) {
      const last = (start + Math.max(count, 1) - 1) >>> shift
      for (let number = start >>> shift; number <= last; number++) if (seen[number] !== 1) first(number)
    },
    warmUp(reads) {
      isWarmingUp = true
      reads()
      isWarmingUp = false
      seen.fill(0)
    },
  }
}

/** In a build run the answer is no: of the file that it becomes that says nothing. */
function lookOfLauncher({ fs }: Internals): (start: number) => boolean {
  const tell = tellerOf(fs)
  return (start) => tell(`verify/${start.toString(16)}`)
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
