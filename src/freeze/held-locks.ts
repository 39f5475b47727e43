// Locks that know the thread which holds them by its number. A thawed thread has another one, and would neither be let in
// again nor be believed when it leaves. As glibc 2.36 has them on x86-64 (sysdeps/x86/nptl/bits, struct_mutex.h and struct_rwlock.h).

import type { HeldLock, Region } from './frozen-process.ts'

/** A lock as 32-bit words around the one with its owner. */
type Words = (offset: number) => number

const SHAPES: readonly {
  readonly before: number
  readonly after: number
  readonly isHeld: (word: Words) => boolean
}[] = [
  { before: 2, after: 2, isHeld: isMutex },
  { before: 6, after: 1, isHeld: isWriteLock },
]

/** Kinds, the first ones for several processes, too. */
const RECURSIVE = [0x81, 1]
const ERROR_CHECKING = [0x82, 2]
const MOST_TIMES = 64
/** Two bits, one of which says that somebody waits. */
const HELD_FUTEX = [1, 3]
/** A thread with a smaller number could be anything that is counted. */
const SMALLEST_NUMBER = 16
const PROT_WRITE = 2

/** lock, count, owner, users, kind: others have an owner, and do not look at it. */
function isMutex(word: Words): boolean {
  const [lock, count, users, kind] = [word(-2), word(-1), word(1), word(2)]
  if ((lock !== 1 && lock !== 2) || users !== 1) return false
  if (RECURSIVE.includes(kind)) return count > 0 && count < MOST_TIMES
  return ERROR_CHECKING.includes(kind) && count === 0
}

/** readers, those who wait to write, two futexes, two words without use, owner, whether it is shared between processes. */
function isWriteLock(word: Words): boolean {
  const isWriting = word(-6) === 3 && [-4, -3].every((futex) => HELD_FUTEX.includes(word(futex)))
  return isWriting && [-5, -2, -1, 1].every((unused) => word(unused) === 0)
}

/**
 * @param threads their numbers
 * @throws Error if it cannot be told
 */
export function findHeldLocks(regions: readonly Region[], threads: readonly number[]): HeldLock[] {
  const found: HeldLock[] = []
  const writable = regions.filter(({ protection }) => (protection & PROT_WRITE) !== 0)
  for (const { address, bytes } of writable.flatMap(({ runs }) => runs)) {
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2)
    threads.forEach((number, thread) => {
      for (let at = words.indexOf(number); at !== -1; at = words.indexOf(number, at + 1)) {
        const isOwner = SHAPES.some(
          ({ before, after, isHeld }) =>
            at >= before && at + after < words.length && isHeld((offset) => words[at + offset]!),
        )
        if (at % 2 !== 0 || !isOwner) continue
        if (number < SMALLEST_NUMBER)
          throw new Error('it may hold a lock, and the numbers of its threads are too small to tell')
        found.push({ owner: address + 4 * at, thread })
      }
    })
  }
  return found
}
