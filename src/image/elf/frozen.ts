// Puts a frozen process behind a finished executable: its memory, the segments through which the kernel
// maps that memory, and the table by which the launcher puts it into place (launcher/thaw.c).
//
// The kernel maps everything at PARKING_BASE, one segment per protection; the pieces are mapped once more where they were,
// or moved there: but for what is little, or written to, nothing is copied, and what a start does not touch is not read.
// Pieces of the file itself (code of libraries, of addons, of node's builtins) come from segments over the same bytes.

import type { FrozenFacts } from '../../base/build-result.ts'
import { alignUp, viewOf, type Chunk } from '../../base/bytes.ts'
import { PAGE_SIZE } from '../../format/archive.ts'
import { struct } from '../../format/struct.ts'
import type { FrozenProcess, TouchedPages } from '../../freeze/frozen-process.ts'
import { DescriptorRecord, describe } from './descriptor-records.ts'
import { PROT_READ, PT_LOAD, PT_NULL } from './constants.ts'
import { factsOf } from './frozen-facts.ts'
import { LaunchTable, PARKING_BASE } from './layout.ts'
import type { FrozenSupport } from '../image.ts'
import { planPrefaults, Prefault } from './prefaults.ts'
import { COPY, NO_OPERATION, Operation, planOperations, segmentFlags, type Piece } from './thaw-operations.ts'
import {
  mappedRanges,
  VERIFIED_RUN_SIZE,
  writeVerifiedRun,
  type MappedRange,
  type VerifiedRun,
} from './verified-runs.ts'
import { ProgramHeader } from './structs.ts'

const ThawTable = struct({
  magicLow: 'u32',
  magicHigh: 'u32',
  size: 'u64',
  operations: 'u64',
  operationCount: 'u64',
  descriptors: 'u64',
  descriptorCount: 'u64',
  record: 'u64',
  randomState: 'u64',
  generatorState: 'u64',
  heapLimits: 'u64',
  heapLimitCount: 'u64',
  prefaults: 'u64',
  prefaultCount: 'u64',
  verified: 'u64',
  verifiedCount: 'u64',
  heldLocks: 'u64',
  heldLockCount: 'u64',
})
/** "INTHAW01" */
const THAW_TABLE_MAGIC = { magicLow: 0x4854_4e49, magicHigh: 0x3130_5741 }

const HeapLimitRecord = struct({ address: 'u64', kind: 'u64' })
const HeldLockRecord = struct({ owner: 'u64', thread: 'u64' })
const HEAP_LIMITS = { old: 1, initial: 2, global: 3, semiSpace: 4, capacity: 5, physical: 6, young: 7 }

export interface FrozenAppendix {
  /** For people. */
  readonly facts: FrozenFacts & { readonly bytes: number }
  /** Written behind the executable, at `offset`. */
  readonly offset: number
  /** Where the saved memory begins, behind the table: it is mapped elsewhere. */
  readonly savedOffset: number
  readonly chunks: readonly Uint8Array[]
  /** Written over it. */
  readonly patches: readonly Chunk[]
  /** What memory is made of when a start goes on, ascending. */
  readonly mapped: readonly MappedRange[]
}

/** What rehearsals have found out. */
export interface Learnt {
  readonly touched?: TouchedPages | undefined
  readonly verified?: readonly VerifiedRun[] | undefined
}

/**
 * @param size of the executable so far, in bytes
 */
export function planFrozen(
  support: FrozenSupport,
  frozen: FrozenProcess,
  size: number,
  { touched = { written: [], read: [] }, verified = [] }: Learnt = {},
): FrozenAppendix {
  const { expected, maps, pieces, protects } = planOperations(support, frozen, touched.written)
  const prefaults = planPrefaults(frozen, withoutCopied(touched, pieces))
  const offset = alignUp(size, PAGE_SIZE)
  // The table first; its size does not depend on the addresses in it.
  const count = expected.length + maps.length + pieces.length + protects.length
  const noOperations = Array.from({ length: count }, () => NO_OPERATION)
  const tableSize = alignUp(
    tableOf(frozen, { operations: noOperations, prefaults, verified }, 0).length,
    PAGE_SIZE,
  )
  const table = { protection: PROT_READ, fileOffset: offset, size: tableSize }
  const saved = placeSaved(pieces, offset + tableSize)
  const spare = support.programHeaders.filter(({ type }) => type === PT_NULL).length
  const segments = park([table, ...saved.ranges, ...aliases(pieces, spare - 1 - saved.ranges.length)])

  const moves = pieces.map(({ kind, protection, address, size, fileOffset }) => {
    const segment = segments.find((it) => it.protection === protection && isInside(fileOffset, it))!
    return {
      kind,
      protection,
      address,
      size,
      source: segment.virtualAddress + fileOffset - segment.fileOffset,
    }
  })
  const bytes = new Uint8Array(tableSize)
  const operations = [...expected, ...maps, ...moves, ...protects]
  bytes.set(tableOf(frozen, { operations, prefaults, verified }, segments[0]!.virtualAddress))
  return {
    facts: { bytes: tableSize + saved.size, ...factsOf(frozen) },
    offset,
    savedOffset: offset + tableSize,
    chunks: [bytes, ...saved.chunks],
    patches: [
      ...headerPatches(support, segments),
      thawPatch(support, segments[0]!.virtualAddress),
      freezePatch(support, 0),
    ],
    mapped: mappedRanges(support, frozen, pieces),
  }
}

/** Bytes of the file that are one segment. */
interface FileRange {
  readonly protection: number
  readonly fileOffset: number
  readonly size: number
}

interface Segment extends FileRange {
  readonly virtualAddress: number
}

function isInside(fileOffset: number, range: FileRange): boolean {
  return fileOffset >= range.fileOffset && fileOffset < range.fileOffset + range.size
}

/** Saved bytes lie by protection, in the order in which they are moved. */
function placeSaved(pieces: readonly Piece[], start: number) {
  const ranges: FileRange[] = []
  const chunks: Uint8Array[] = []
  let end = start
  for (const protection of new Set(pieces.map((piece) => piece.protection))) {
    const fileOffset = end
    for (const piece of pieces) {
      if (!piece.bytes || piece.protection !== protection) continue
      piece.fileOffset = end
      chunks.push(piece.bytes)
      end += piece.size
    }
    if (end > fileOffset) ranges.push({ protection, fileOffset, size: end - fileOffset })
  }
  return { ranges, chunks, size: end - start }
}

/** Parts of the file this near to each other are one range, and farther ones if there are too many. */
const NEAR = 8 << 20

/** The file's own bytes once more, with the protections that mappings of them had. */
function aliases(pieces: readonly Piece[], limit: number): FileRange[] {
  const mapped = pieces.filter((piece) => !piece.bytes).toSorted((a, b) => a.fileOffset - b.fileOffset)
  for (let near = NEAR; ; near *= 4) {
    const ranges: { protection: number; fileOffset: number; size: number }[] = []
    for (const { protection, fileOffset, size } of mapped) {
      const last = ranges.findLast((range) => range.protection === protection)
      if (last && fileOffset - (last.fileOffset + last.size) < near) {
        last.size = Math.max(last.size, fileOffset + size - last.fileOffset)
      } else ranges.push({ protection, fileOffset, size })
    }
    if (ranges.length <= limit) return ranges
  }
}

/** A copy is there, and written to, before a start goes on. */
function withoutCopied({ written, read }: TouchedPages, pieces: readonly Piece[]): TouchedPages {
  const copied = pieces.filter(({ kind }) => kind === COPY)
  const isOther = (page: number) =>
    !copied.some(({ address, size }) => page >= address && page < address + size)
  return { written: written.filter(isOther), read: read.filter(isOther) }
}

/**
 * A thaw table that moves memory from other places.
 * @param address of the table
 */
export function redirectMoves(
  table: Uint8Array,
  address: number,
  redirect: (source: number) => number,
): Uint8Array {
  const bytes = table.slice()
  const view = viewOf(bytes)
  const { operations, operationCount } = ThawTable.read(view, 0)
  for (let i = 0; i < operationCount; i++) {
    const at = operations - address + i * Operation.size
    const operation = Operation.read(view, at)
    if (operation.source !== 0)
      Operation.write(view, at, { ...operation, source: redirect(operation.source) })
  }
  return bytes
}

/** With a page between them, so that the kernel keeps them apart. */
function park(ranges: readonly FileRange[]): Segment[] {
  let virtualAddress = PARKING_BASE
  return ranges.map((range) => {
    const segment = { ...range, virtualAddress }
    virtualAddress += alignUp(range.size, PAGE_SIZE) + PAGE_SIZE
    return segment
  })
}

function headerPatches(support: FrozenSupport, segments: readonly Segment[]): Chunk[] {
  const spare = support.programHeaders.flatMap(({ type }, i) => (type === PT_NULL ? [i] : []))
  return segments.map(({ protection, fileOffset, size, virtualAddress }, i) => {
    const bytes = new Uint8Array(ProgramHeader.size)
    ProgramHeader.write(viewOf(bytes), 0, {
      type: PT_LOAD,
      flags: segmentFlags(protection),
      fileOffset,
      virtualAddress,
      physicalAddress: virtualAddress,
      fileSize: size,
      memorySize: size,
      alignment: PAGE_SIZE,
    })
    return { offset: support.programHeaderOffset + spare[i]! * ProgramHeader.size, bytes }
  })
}

/** The executable of `ingot dev`: its program lies in a file beside it (launcher/development.c). */
export function developmentPatch({ launchTableOffset }: FrozenSupport): Chunk {
  return { offset: launchTableOffset + LaunchTable.offsetOf('isDevelopment'), bytes: u64(1) }
}

/** Whether the executable is one that a build runs in order to freeze it. */
export function freezePatch({ launchTableOffset }: FrozenSupport, mayFreeze: 0 | 1): Chunk {
  return { offset: launchTableOffset + LaunchTable.offsetOf('mayFreeze'), bytes: u64(mayFreeze) }
}

/** What the environment may do to the executable: bits of format/fuses.ts. */
export function fusePatch(
  { launchTableOffset }: Pick<FrozenSupport, 'launchTableOffset'>,
  fuses: number,
): Chunk {
  return { offset: launchTableOffset + LaunchTable.offsetOf('fuses'), bytes: u64(fuses) }
}

function thawPatch({ launchTableOffset }: FrozenSupport, address: number): Chunk {
  return { offset: launchTableOffset + LaunchTable.offsetOf('thaw'), bytes: u64(address) }
}

function u64(value: number): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

interface Steps {
  readonly operations: readonly Operation[]
  readonly prefaults: readonly Prefault[]
  readonly verified: readonly VerifiedRun[]
}

function tableOf(
  frozen: FrozenProcess,
  { operations, prefaults, verified }: Steps,
  address: number,
): Uint8Array {
  const descriptors = frozen.descriptors.flatMap(describe)
  const operationsAt = ThawTable.size
  const descriptorsAt = operationsAt + operations.length * Operation.size
  const heapLimitsAt = descriptorsAt + descriptors.length * DescriptorRecord.size
  const prefaultsAt = heapLimitsAt + frozen.heapLimits.length * HeapLimitRecord.size
  const verifiedAt = prefaultsAt + prefaults.length * Prefault.size
  const heldLocksAt = verifiedAt + verified.length * VERIFIED_RUN_SIZE
  const recordAt = heldLocksAt + frozen.heldLocks.length * HeldLockRecord.size
  const bytes = new Uint8Array(recordAt + frozen.record.length)
  const view = viewOf(bytes)
  ThawTable.write(view, 0, {
    ...THAW_TABLE_MAGIC,
    size: bytes.length,
    operations: address + operationsAt,
    operationCount: operations.length,
    descriptors: address + descriptorsAt,
    descriptorCount: descriptors.length,
    record: address + recordAt,
    randomState: frozen.randomState,
    prefaults: address + prefaultsAt,
    prefaultCount: prefaults.length,
    verified: address + verifiedAt,
    verifiedCount: verified.length,
    generatorState: frozen.generatorState,
    heapLimits: address + heapLimitsAt,
    heapLimitCount: frozen.heapLimits.length,
    heldLocks: address + heldLocksAt,
    heldLockCount: frozen.heldLocks.length,
  })
  operations.forEach((operation, i) => Operation.write(view, operationsAt + i * Operation.size, operation))
  descriptors.forEach((one, i) =>
    DescriptorRecord.write(view, descriptorsAt + i * DescriptorRecord.size, one),
  )
  prefaults.forEach((one, i) => Prefault.write(view, prefaultsAt + i * Prefault.size, one))
  verified.forEach((run, i) => writeVerifiedRun(view, verifiedAt + i * VERIFIED_RUN_SIZE, run))
  frozen.heldLocks.forEach((lock, i) =>
    HeldLockRecord.write(view, heldLocksAt + i * HeldLockRecord.size, lock),
  )
  frozen.heapLimits.forEach((limit, i) =>
    HeapLimitRecord.write(view, heapLimitsAt + i * HeapLimitRecord.size, {
      address: limit.address,
      kind: HEAP_LIMITS[limit.kind],
    }),
  )
  bytes.set(frozen.record, recordAt)
  return bytes
}
