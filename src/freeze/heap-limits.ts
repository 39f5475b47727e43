// Finds in a process's memory what V8 has set its heap's limits to, so that a start on a machine or in a control
// group with other memory can set them as a cold start there would (launcher/heap.c has the same formula).

import { viewOf } from '../base/bytes.ts'
import { PAGE_SIZE } from '../format/archive.ts'
import { addressesOf } from './find-words.ts'
import type { HeapLimit, Region } from './frozen-process.ts'

const MEBIBYTE = 2 ** 20
const GIBIBYTE = 2 ** 30
/** V8's pages; launcher/heap.c */
const HEAP_PAGE = 256 * 1024

type Limits = Readonly<Record<HeapLimit['kind'], number>>

/** V8's, for a machine with so many bytes of memory (heap/heap.cc, Heap::ConfigureHeap and what it calls). */
export function heapLimits(memory: number): Limits {
  const most = memory >= 15 * GIBIBYTE ? 4 * GIBIBYTE : 2 * GIBIBYTE
  const half = Math.ceil(memory / 2 / HEAP_PAGE) * HEAP_PAGE
  const old = Math.min(Math.max(half, 256 * MEBIBYTE), most)
  const semiSpace = Math.min(2 ** Math.ceil(Math.log2(half / 64)), 32 * MEBIBYTE)
  return {
    old,
    initial: Math.min(old / 2, 512 * MEBIBYTE),
    global: 2 * old,
    semiSpace,
    capacity: old + 3 * semiSpace,
    physical: memory,
    young: Math.min(semiSpace, GROWN),
  }
}

/** What plain node's young generation comes to under load; launcher/heap.c */
const GROWN = 8 * MEBIBYTE

/** Of struct Heap, in bytes from the limit of the old generation. */
const CONFIGURATION = -16 // a pointer
const INITIAL = 8 // which a collection may have lowered
const OLD_ONCE_MORE = 32
const GLOBAL = 48
/** In what the pointer leads to. */
const SEMI_SPACE = 32
/** Of struct SemiSpaceNewSpace, in bytes from the most that it may have: the least, and what it has. Its pages it gets later. */
const LEAST = -8
const TARGET = 16

/** None if they do not lie as in the V8 that we know: then they hold for machines of this size. */
export function findHeapLimits(regions: readonly Region[], memory: number): HeapLimit[] {
  const words = new Words(regions)
  const limits = heapLimits(memory)
  const semiSpaceOf = (heap: number) => (words.read(heap + CONFIGURATION) ?? 0) + SEMI_SPACE
  const heaps = words
    .addressesOf(limits.old)
    .filter(
      (at) =>
        words.read(at + OLD_ONCE_MORE) === limits.old &&
        words.read(at + GLOBAL) === limits.global &&
        words.read(semiSpaceOf(at)) === limits.semiSpace,
    )
  const [heap] = heaps
  if (heap === undefined || heaps.length > 1) return []
  const capacities = words.addressesOf(limits.capacity).filter((at) => isCapacity(words, at))
  if (capacities.length !== 1) return []
  // What only tunes the collector may be left if it is not the only one of its value.
  const sizes = words.addressesOf(limits.physical)
  const young = words
    .addressesOf(limits.semiSpace)
    .filter((at) => words.read(at + LEAST) === MEBIBYTE && isYoung(words.read(at + TARGET), limits))
  return [
    { address: heap, kind: 'old' },
    { address: heap + INITIAL, kind: 'initial' },
    { address: heap + OLD_ONCE_MORE, kind: 'old' },
    { address: heap + GLOBAL, kind: 'global' },
    { address: semiSpaceOf(heap), kind: 'semiSpace' },
    { address: capacities[0]!, kind: 'capacity' },
    ...sizes
      .slice(0, sizes.length > MOST_SIZES ? 0 : undefined)
      .map((address) => ({ address, kind: 'physical' as const })),
    ...(young.length === 1 ? youngLimits(young[0]!) : []),
  ]
}

const MOST_SIZES = 3

function youngLimits(most: number): HeapLimit[] {
  return [
    { address: most, kind: 'semiSpace' },
    { address: most + TARGET, kind: 'young' },
  ]
}

/** It doubles when it grows. */
function isYoung(size: number | undefined, { young }: Limits): boolean {
  return size !== undefined && size >= MEBIBYTE && size <= young && Number.isInteger(Math.log2(size))
}

/** Of struct MemoryAllocator, from the capacity: between which addresses it has allocated so far. */
const LOWEST = 24
const HIGHEST = 32

function isCapacity(words: Words, at: number): boolean {
  const [lowest = 0, highest = 0] = [words.read(at + LOWEST), words.read(at + HIGHEST)]
  return lowest > 0 && lowest < highest && lowest % PAGE_SIZE === 0 && highest % PAGE_SIZE === 0
}

/** What was allocated: writable, and without a file. */
class Words {
  readonly #runs

  constructor(regions: readonly Region[]) {
    this.#runs = regions
      .filter(({ protection, fileOffset }) => protection === 3 && fileOffset === undefined)
      .flatMap(({ runs }) => runs)
  }

  read(address: number): number | undefined {
    const run = this.#runs.find((it) => address >= it.address && address + 8 <= it.address + it.bytes.length)
    return run && Number(viewOf(run.bytes).getBigUint64(address - run.address, true))
  }

  addressesOf(value: number): number[] {
    return this.#runs.flatMap((run) => addressesOf(run, BigInt(value)))
  }
}
