// Puts a frozen process behind a finished executable: its memory, the segments through which the kernel
// maps that memory, and the table by which the launcher moves it into place (launcher/thaw.c).
//
// The kernel maps everything at PARKING_BASE, one segment per protection, and mremap moves the pieces to
// where they were: nothing is copied, and what a start does not touch is not read. Pieces of the file itself
// (code of libraries, of addons, of node's builtins) come from segments over the same bytes.

import { alignUp, viewOf, type Chunk } from '../../base/bytes.ts'
import { PAGE_SIZE } from '../../format/archive.ts'
import { struct } from '../../format/struct.ts'
import type { Descriptor, FrozenProcess, Region } from '../../freeze/frozen-process.ts'
import { PF_R, PF_W, PF_X, PT_LOAD, PT_NULL } from './constants.ts'
import { nameBarrier } from './barriers.ts'
import { LAUNCHER_DATA, LaunchTable, PARKING_BASE } from './layout.ts'
import type { FrozenSupport } from '../image.ts'
import { ProgramHeader } from './structs.ts'

/** struct freeze_record of launcher/frozen.h: its size, and where in it what is read here lies. */
export const FREEZE_RECORD = { size: 26_184, random: 5656, barrier: 5692, readSize: 5696, readNames: 5704 }

const ThawTable = struct({
  magicLow: 'u32',
  magicHigh: 'u32',
  operations: 'u64',
  operationCount: 'u64',
  descriptors: 'u64',
  descriptorCount: 'u64',
  record: 'u64',
  randomState: 'u64',
})
/** "INTHAW01" */
const THAW_TABLE_MAGIC = { magicLow: 0x4854_4e49, magicHigh: 0x3130_5741 }

const Operation = struct({ kind: 'u32', protection: 'u32', address: 'u64', size: 'u64', source: 'u64' })
type Operation = ReturnType<typeof Operation.read>
const MAP = 1
const MOVE = 2
const MOVE_LAST = 3
const PROTECT = 4

const DescriptorRecord = struct({
  kind: 'u32',
  number: 'u32',
  other: 'u32',
  flags: 'u32',
  value: 'u64',
  events: 'u32',
  size: 'u32',
  bytesLow: 'u64',
  bytesHigh: 'u64',
})
const KINDS = { epoll: 1, eventfd: 2, pipe: 3, watch: 4 }

/** mmap(2) */
const PROT_READ = 1
const PROT_WRITE = 2
const PROT_EXEC = 4

export interface FrozenAppendix {
  /** For people. */
  readonly facts: { readonly bytes: number; readonly barrier: string; readonly variables: readonly string[] }
  /** Written behind the executable, at `offset`. */
  readonly offset: number
  readonly chunks: readonly Uint8Array[]
  /** Written over it. */
  readonly patches: readonly Chunk[]
}

/** @param size of the executable so far, in bytes */
export function planFrozen(support: FrozenSupport, frozen: FrozenProcess, size: number): FrozenAppendix {
  const parking = new Parking(alignUp(size, PAGE_SIZE))
  const homes = support.programHeaders.filter(({ type }) => type === PT_LOAD)
  const regions = frozen.regions.filter(({ start }) => start !== LAUNCHER_DATA)
  const homeOf = ({ start, end }: Region) =>
    homes.find((home) => start < home.virtualAddress + home.memorySize && end > home.virtualAddress)

  const map: Operation[] = []
  const move: Operation[] = []
  const last: Operation[] = []
  const protect: Operation[] = []
  for (const region of regions) {
    const { start, end, protection, fileOffset } = region
    const home = homeOf(region)
    const parked = parkedProtection(protection)
    if (!home) {
      if (!isWhole(region)) map.push({ kind: MAP, protection, address: start, size: end - start, source: 0 })
      if (fileOffset !== undefined && !isWhole(region)) {
        const source = parking.alias(parked, fileOffset, end - start)
        move.push({ kind: MOVE, protection: parked, address: start, size: end - start, source })
      }
    }
    for (const { address, bytes } of region.runs) {
      const source = parking.park(parked, bytes)
      const kind = home ? MOVE_LAST : MOVE
      ;(home ? last : move).push({ kind, protection: parked, address, size: bytes.length, source })
    }
    const hasPieces = region.runs.length > 0 || fileOffset !== undefined
    const isOther = protection !== parked || (home && protection !== protectionOf(home.flags))
    if (hasPieces && isOther) {
      protect.push({ kind: PROTECT, protection, address: start, size: end - start, source: 0 })
    }
  }
  return parking.finish(support, frozen, {
    map: joinMaps(map),
    moves: [...move, ...last, ...protect],
  })
}

/** Nothing of it comes from the file. */
function isWhole({ start, end, runs }: Region): boolean {
  return runs[0]?.address === start && runs[0].bytes.length === end - start
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

interface Segment {
  readonly protection: number
  fileOffset: number
  size: number
  virtualAddress: number
}

/** Gives out places in the file and at PARKING_BASE. Addresses are settled at the end: until then a place is a function. */
class Parking {
  readonly #offset: number
  readonly #images = new Map<number, { readonly chunks: Uint8Array[]; size: number }>()
  readonly #aliases: Segment[] = []
  readonly #places: { readonly segment: () => Segment; readonly within: number }[] = []

  constructor(offset: number) {
    this.#offset = offset
  }

  /** A token for the address, which `finish` resolves. */
  park(protection: number, bytes: Uint8Array): number {
    let image = this.#images.get(protection)
    if (!image) this.#images.set(protection, (image = { chunks: [], size: 0 }))
    image.chunks.push(bytes)
    image.size += bytes.length
    return this.#place(() => this.#segments.get(protection)!, image.size - bytes.length)
  }

  alias(protection: number, fileOffset: number, size: number): number {
    const near = this.#aliases.find(
      (alias) =>
        alias.protection === protection &&
        fileOffset < alias.fileOffset + alias.size + NEAR &&
        fileOffset + size > alias.fileOffset - NEAR,
    )
    const alias = near ?? { protection, fileOffset, size: 0, virtualAddress: 0 }
    if (!near) this.#aliases.push(alias)
    const end = Math.max(alias.fileOffset + alias.size, fileOffset + size)
    alias.fileOffset = Math.min(alias.fileOffset, fileOffset)
    alias.size = end - alias.fileOffset
    return this.#place(
      () => ({ ...alias, virtualAddress: alias.virtualAddress - alias.fileOffset }),
      fileOffset,
    )
  }

  #place(segment: () => Segment, within: number): number {
    this.#places.push({ segment, within })
    return this.#places.length - 1
  }

  readonly #segments = new Map<number, Segment>()

  finish(
    support: FrozenSupport,
    frozen: FrozenProcess,
    operations: { readonly map: readonly Operation[]; readonly moves: readonly Operation[] },
  ): FrozenAppendix {
    let fileOffset = this.#offset
    let virtualAddress = PARKING_BASE
    const take = (segment: Segment): Segment => {
      segment.virtualAddress = virtualAddress
      virtualAddress += alignUp(segment.size, PAGE_SIZE) + PAGE_SIZE
      return segment
    }
    const chunks: Uint8Array[] = []
    const all: Segment[] = []
    // The table first; its size does not depend on the addresses in it.
    const placeholder = emitTable(frozen, [...operations.map, ...operations.moves], 0)
    const tableSize = alignUp(placeholder.length, PAGE_SIZE)
    all.push(take({ protection: PROT_READ, fileOffset, size: tableSize, virtualAddress: 0 }))
    fileOffset += tableSize
    for (const [protection, { chunks: pieces, size }] of this.#images) {
      const segment = take({ protection, fileOffset, size, virtualAddress: 0 })
      this.#segments.set(protection, segment)
      all.push(segment)
      chunks.push(...pieces)
      fileOffset += size
    }
    for (const alias of this.#aliases) all.push(take(alias))

    const resolve = (operation: Operation): Operation => {
      if (operation.kind !== MOVE && operation.kind !== MOVE_LAST) return operation
      const { segment, within } = this.#places[operation.source]!
      return { ...operation, source: segment().virtualAddress + within }
    }
    const bytes = new Uint8Array(tableSize)
    bytes.set(emitTable(frozen, [...operations.map, ...operations.moves.map(resolve)], PARKING_BASE))
    return {
      facts: { bytes: fileOffset - this.#offset, ...factsOf(frozen.record) },
      offset: this.#offset,
      chunks: [bytes, ...chunks],
      patches: [...headerPatches(support, all), thawPatch(support, PARKING_BASE), freezePatch(support, 0)],
    }
  }
}

function factsOf(record: Uint8Array): { barrier: string; variables: string[] } {
  const view = viewOf(record)
  const names = FREEZE_RECORD.readNames
  const text = Buffer.from(record).toString(
    'utf8',
    names,
    names + view.getUint32(FREEZE_RECORD.readSize, true),
  )
  return {
    barrier: nameBarrier(view.getInt32(FREEZE_RECORD.barrier, true)),
    variables: text.split('\0').filter(Boolean),
  }
}

/** Parts of the file this near to each other are one segment. */
const NEAR = 8 << 20

function headerPatches(support: FrozenSupport, segments: readonly Segment[]): Chunk[] {
  const spare = support.programHeaders.flatMap(({ type }, i) => (type === PT_NULL ? [i] : []))
  if (segments.length > spare.length)
    throw new Error(`${segments.length} segments for ${spare.length} headers`)
  return segments.map(({ protection, fileOffset, size, virtualAddress }, i) => {
    const bytes = new Uint8Array(ProgramHeader.size)
    ProgramHeader.write(viewOf(bytes), 0, {
      type: PT_LOAD,
      flags:
        (protection & PROT_READ ? PF_R : 0) |
        (protection & PROT_WRITE ? PF_W : 0) |
        (protection & PROT_EXEC ? PF_X : 0),
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

/** Whether the executable is one that a build runs in order to freeze it. */
export function freezePatch({ launchTableOffset }: FrozenSupport, mayFreeze: 0 | 1): Chunk {
  return { offset: launchTableOffset + LaunchTable.offsetOf('mayFreeze'), bytes: u64(mayFreeze) }
}

function thawPatch({ launchTableOffset }: FrozenSupport, address: number): Chunk {
  return { offset: launchTableOffset + LaunchTable.offsetOf('thaw'), bytes: u64(address) }
}

function u64(value: number): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

function emitTable(frozen: FrozenProcess, operations: readonly Operation[], address: number): Uint8Array {
  const descriptors = frozen.descriptors.flatMap(describe)
  const operationsAt = ThawTable.size
  const descriptorsAt = operationsAt + operations.length * Operation.size
  const recordAt = descriptorsAt + descriptors.length * DescriptorRecord.size
  const bytes = new Uint8Array(recordAt + frozen.record.length)
  const view = viewOf(bytes)
  ThawTable.write(view, 0, {
    ...THAW_TABLE_MAGIC,
    operations: address + operationsAt,
    operationCount: operations.length,
    descriptors: address + descriptorsAt,
    descriptorCount: descriptors.length,
    record: address + recordAt,
    randomState: frozen.randomState,
  })
  operations.forEach((operation, i) => Operation.write(view, operationsAt + i * Operation.size, operation))
  descriptors.forEach((one, i) =>
    DescriptorRecord.write(view, descriptorsAt + i * DescriptorRecord.size, one),
  )
  bytes.set(frozen.record, recordAt)
  return bytes
}

type DescriptorValues = Parameters<typeof DescriptorRecord.write>[2]

/** What is watched comes behind what watches: the launcher makes one after the other. */
function describe(descriptor: Descriptor, _index: number, all: readonly Descriptor[]): DescriptorValues[] {
  const none = { other: 0, flags: 0, value: 0, events: 0, size: 0, bytesLow: 0, bytesHigh: 0 }
  const isLast = descriptor === all.at(-1)
  const watches = isLast
    ? all.flatMap((epoll) =>
        epoll.kind !== 'epoll'
          ? []
          : epoll.watches.map(({ number, events, data }) => ({
              ...none,
              kind: KINDS.watch,
              number: epoll.number,
              other: number,
              events,
              value: data,
            })),
      )
    : []
  const own = { ...none, kind: KINDS[descriptor.kind], number: descriptor.number }
  switch (descriptor.kind) {
    case 'epoll':
      return [own, ...watches]
    case 'eventfd':
      return [{ ...own, value: descriptor.count, flags: descriptor.flags }, ...watches]
    case 'pipe': {
      const bytes = Buffer.alloc(16)
      bytes.set(descriptor.bytes)
      const view = viewOf(bytes)
      return [
        {
          ...own,
          other: descriptor.writer,
          flags: descriptor.flags,
          size: descriptor.bytes.length,
          bytesLow: Number(view.getBigUint64(0, true)),
          bytesHigh: Number(view.getBigUint64(8, true)),
        },
        ...watches,
      ]
    }
  }
}
