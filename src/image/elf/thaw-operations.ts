// By which steps the launcher puts the memory of a frozen process in place (launcher/thaw.c, place_memory).

import { struct } from '../../format/struct.ts'
import type { FrozenProcess, Region } from '../../freeze/frozen-process.ts'
import type { FrozenSupport } from '../image.ts'
import { PF_R, PF_W, PF_X, PT_LOAD } from './constants.ts'
import { LAUNCHER_DATA } from './layout.ts'

/** mmap(2) */
const PROT_NONE = 0
export const PROT_READ = 1
export const PROT_WRITE = 2
export const PROT_EXEC = 4

export const Operation = struct({
  kind: 'u32',
  protection: 'u32',
  address: 'u64',
  size: 'u64',
  source: 'u64',
})
export type Operation = ReturnType<typeof Operation.read>
const MAP = 1
export const MOVE = 2
export const MOVE_LAST = 3
const PROTECT = 4
/** Nothing is mapped there. */
const EXPECT_FREE = 5
export const NO_OPERATION: Operation = { kind: 0, protection: 0, address: 0, size: 0, source: 0 }

/** Memory that is moved into place: saved, or mapped from the file as it was. */
export interface Piece {
  readonly kind: number
  /** Of the segment that it is parked in. */
  readonly protection: number
  readonly address: number
  readonly size: number
  readonly bytes: Uint8Array | undefined
  /** Settled for saved bytes by `placeSaved`. */
  fileOffset: number
}

/** What the launcher is to do, in its order: pieces that replace what a cold start needs come last. */
export function planOperations(support: FrozenSupport, frozen: FrozenProcess) {
  const homes = support.programHeaders.filter(({ type }) => type === PT_LOAD)
  const homeOf = (start: number, end: number) =>
    homes.find((it) => start < it.virtualAddress + it.memorySize && end > it.virtualAddress)
  const maps: Operation[] = []
  const pieces: Piece[] = []
  const protects: Operation[] = []
  for (const region of frozen.regions) {
    const { start, end, protection, fileOffset, runs } = region
    if (start === LAUNCHER_DATA) continue
    const home = homeOf(start, end)
    const parked = parkedProtection(protection)
    const whole = { address: start, size: end - start }
    const isSaved = runs[0]?.address === start && runs[0].bytes.length === whole.size
    if (!home) {
      const isFromFile = fileOffset !== undefined
      if (isFromFile && !isSaved)
        pieces.push({ kind: MOVE, protection: parked, ...whole, bytes: undefined, fileOffset })
      if (!isFromFile)
        maps.push(...restOf(region).map((rest) => ({ kind: MAP, protection, ...rest, source: 0 })))
    }
    const kind = home ? MOVE_LAST : MOVE
    for (const { address, bytes } of runs) {
      pieces.push({ kind, protection: parked, address, size: bytes.length, bytes, fileOffset: 0 })
    }
    const hasPieces = runs.length > 0 || fileOffset !== undefined
    const isOther = protection !== parked || (home && protection !== protectionOf(home.flags))
    if (hasPieces && isOther) protects.push({ kind: PROTECT, protection, ...whole, source: 0 })
  }
  const away = frozen.regions.filter(({ start, end }) => start !== LAUNCHER_DATA && !homeOf(start, end))
  return {
    expected: spansOf(away).map((span) => ({ kind: EXPECT_FREE, protection: PROT_NONE, ...span, source: 0 })),
    maps: joinMaps(maps),
    pieces: pieces.toSorted((a, b) => a.kind - b.kind),
    protects,
  }
}

/** What nothing is moved to. The kernel moves memory to a free place faster than onto other memory. */
function restOf({ start, end, runs }: Region): { address: number; size: number }[] {
  const starts = [start, ...runs.map(({ address, bytes }) => address + bytes.length)]
  const ends = [...runs.map(({ address }) => address), end]
  return starts.map((address, i) => ({ address, size: ends[i]! - address })).filter(({ size }) => size > 0)
}

/** Regions this near to each other are looked for in one call. */
const SPAN_GAP = 2 ** 30

function spansOf(regions: readonly Region[]): { address: number; size: number }[] {
  const spans: { address: number; size: number }[] = []
  for (const { start, end } of regions) {
    const last = spans.at(-1)
    if (last && start - (last.address + last.size) < SPAN_GAP) last.size = end - last.address
    else spans.push({ address: start, size: end - start })
  }
  return spans
}

function protectionOf(flags: number): number {
  return (flags & PF_R ? PROT_READ : 0) | (flags & PF_W ? PROT_WRITE : 0) | (flags & PF_X ? PROT_EXEC : 0)
}

/** A segment cannot be writable and executable; such memory becomes executable in its place. */
function parkedProtection(protection: number): number {
  if (protection & PROT_WRITE) return PROT_READ | PROT_WRITE
  return protection & PROT_EXEC ? PROT_READ | PROT_EXEC : PROT_READ
}

/** Neighbours of one protection are one mapping. */
function joinMaps(operations: readonly Operation[]): Operation[] {
  const joined: Operation[] = []
  for (const operation of operations) {
    const last = joined.at(-1)
    if (last && last.address + last.size === operation.address && last.protection === operation.protection) {
      last.size += operation.size
    } else joined.push({ ...operation })
  }
  return joined
}
