// By which steps the launcher puts the memory of a frozen process in place (launcher/thaw.c, place_memory).

import { PAGE_SIZE } from '../../format/archive.ts'
import { struct } from '../../format/struct.ts'
import type { FrozenProcess, Region, Run } from '../../freeze/frozen-process.ts'
import type { FrozenSupport } from '../image.ts'
import { PF_R, PF_W, PF_X, PROT_EXEC, PROT_NONE, PROT_READ, PROT_WRITE, PT_LOAD } from './constants.ts'
import { LAUNCHER_DATA } from './layout.ts'

export const Operation = struct({
  kind: 'u32',
  protection: 'u32',
  address: 'u64',
  size: 'u64',
  /** Where the kernel has mapped what is moved or copied; else 0. */
  source: 'u64',
})
export type Operation = ReturnType<typeof Operation.read>
/** Nothing is mapped there. */
const EXPECT_FREE = 1
const MAP = 2
export const COPY = 3
const MOVE = 4
const MOVE_LAST = 5
const PROTECT = 6
export const NO_OPERATION: Operation = { kind: 0, protection: 0, address: 0, size: 0, source: 0 }

/** Memory that is moved or copied into place: saved, or mapped from the file as it was. */
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

/**
 * What the launcher is to do, in its order: pieces that replace what a cold start needs come last.
 * @param written pages that a start is known to write to
 */
export function planOperations(
  { programHeaders }: Pick<FrozenSupport, 'programHeaders'>,
  { regions }: Pick<FrozenProcess, 'regions'>,
  written: readonly number[] = [],
) {
  const homes = programHeaders.filter(({ type }) => type === PT_LOAD)
  const spans: Span[] = []
  const maps: Operation[] = []
  const pieces: Piece[] = []
  const protects: Operation[] = []
  let isApart = true
  for (const region of regions) {
    const { start, end, protection, fileOffset, runs } = region
    const home = homes.find((it) => start < it.virtualAddress + it.memorySize && end > it.virtualAddress)
    const isLaunchers = start === LAUNCHER_DATA
    if (!home && !isLaunchers) addSpan(spans, region, isApart)
    isApart = home !== undefined || isLaunchers
    if (isLaunchers) continue
    const parked = parkedProtection(protection)
    const whole = { address: start, size: end - start }
    const isSaved = runs[0]?.address === start && runs[0].bytes.length === whole.size
    const isPlain = !home && fileOffset === undefined && (protection & PROT_WRITE) !== 0
    const { copied = [], moved = [] } = Object.groupBy(runs, (run) =>
      isPlain && isCheaperCopied(run, written) ? 'copied' : 'moved',
    )
    if (!home) {
      const isFromFile = fileOffset !== undefined
      if (isFromFile && !isSaved)
        pieces.push({ kind: MOVE, protection: parked, ...whole, bytes: undefined, fileOffset })
      if (!isFromFile)
        maps.push(
          ...restOf({ ...region, runs: moved }).map((rest) => ({
            kind: MAP,
            protection,
            ...rest,
            source: 0,
          })),
        )
    }
    const kind = home ? MOVE_LAST : MOVE
    pieces.push(...copied.map((run) => pieceOf(run, COPY, PROT_READ)))
    pieces.push(...moved.map((run) => pieceOf(run, kind, parked)))
    const hasPieces = moved.length > 0 || fileOffset !== undefined
    const isOther = protection !== parked || (home && protection !== protectionOf(home.flags))
    if (hasPieces && isOther) protects.push({ kind: PROTECT, protection, ...whole, source: 0 })
  }
  return {
    expected: spans.map((span) => ({ kind: EXPECT_FREE, protection: PROT_NONE, ...span, source: 0 })),
    maps: joinMaps(maps),
    pieces: pieces.toSorted((a, b) => a.kind - b.kind),
    protects,
  }
}

function pieceOf({ address, bytes }: Run, kind: number, protection: number): Piece {
  return { kind, protection, address, size: bytes.length, bytes, fileOffset: 0 }
}

/** In copied pages; with 1 starts are as long. A page that is written to after it was moved is copied, too. */
const MOVE_COST = 3

function isCheaperCopied({ address, bytes }: Run, written: readonly number[]): boolean {
  const end = address + bytes.length
  const dirty = written.filter((page) => page >= address && page < end).length
  return bytes.length / PAGE_SIZE <= MOVE_COST + dirty
}

interface Span {
  address: number
  size: number
}

/** Regions this near to each other are looked for in one call. */
const SPAN_GAP = 2 ** 30

function addSpan(spans: Span[], { start, end }: Region, isApart: boolean): void {
  const last = spans.at(-1)
  if (last && !isApart && start - (last.address + last.size) < SPAN_GAP) last.size = end - last.address
  else spans.push({ address: start, size: end - start })
}

/** What nothing is moved to. Memory comes to a free place faster than onto other memory. */
function restOf({ start, end, runs }: Region): Span[] {
  const starts = [start, ...runs.map(({ address, bytes }) => address + bytes.length)]
  const ends = [...runs.map(({ address }) => address), end]
  return starts.map((address, i) => ({ address, size: ends[i]! - address })).filter(({ size }) => size > 0)
}

export function segmentFlags(protection: number): number {
  return (
    (protection & PROT_READ ? PF_R : 0) |
    (protection & PROT_WRITE ? PF_W : 0) |
    (protection & PROT_EXEC ? PF_X : 0)
  )
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
