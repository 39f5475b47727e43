// What of memory the launcher is to compare with the file before a frozen process goes on: the pages that a rehearsal
// has seen a start use (freeze/used-pages.ts).

import { PAGE_SIZE } from '../../format/archive.ts'
import { CHECKSUM_SIZE, checksumOf } from '../../format/checksum.ts'
import { struct } from '../../format/struct.ts'
import type { FrozenProcess, MemoryRange } from '../../freeze/frozen-process.ts'
import type { FrozenSupport } from '../image.ts'
import { PF_W, PF_X, PROT_EXEC, PROT_READ, PT_LOAD } from './constants.ts'
import { threadContexts } from './frozen-facts.ts'
import { LAUNCH_TABLE, LAUNCHER_TEXT, LOADER_BASE, SYSTEM_BASE } from './layout.ts'

/** launcher/frozen.h: struct verified_run. */
const Run = struct({ address: 'u64', size: 'u64' })
export const VERIFIED_RUN_SIZE = Run.size + CHECKSUM_SIZE

export interface VerifiedRun {
  readonly address: number
  readonly size: number
  readonly checksum: bigint
}

export function writeVerifiedRun(view: DataView, offset: number, run: VerifiedRun): void {
  Run.write(view, offset, run)
  view.setBigUint64(offset + Run.size, run.checksum, true)
}

/** Memory whose bytes are the file's. */
export interface MappedRange extends MemoryRange {
  readonly fileOffset: number
}

/** Node's and ld.so's constants and code. */
export function constantRanges({ programHeaders }: Pick<FrozenSupport, 'programHeaders'>): MappedRange[] {
  return programHeaders
    .filter(({ type, flags, memorySize }) => type === PT_LOAD && !(flags & PF_W) && memorySize > 0)
    .filter(
      ({ virtualAddress: address }) =>
        (address > LAUNCH_TABLE && address < LAUNCHER_TEXT) ||
        (address >= LOADER_BASE && address < SYSTEM_BASE),
    )
    .map(({ virtualAddress, fileSize, fileOffset, flags }) => ({
      start: virtualAddress,
      end: Math.ceil((virtualAddress + fileSize) / PAGE_SIZE) * PAGE_SIZE,
      protection: flags & PF_X ? PROT_READ | PROT_EXEC : PROT_READ,
      fileOffset,
    }))
}

/** These, and what is moved into place; not what is verified otherwise. */
export function mappedRanges(
  support: FrozenSupport,
  { regions }: FrozenProcess,
  pieces: readonly FileRun[],
): MappedRange[] {
  const moved = pieces.map(({ address, size, fileOffset }) => ({
    start: address,
    end: address + size,
    protection: regions.find(({ start, end }) => start <= address && address < end)!.protection,
    fileOffset,
  }))
  const constant = constantRanges(support).flatMap((range) => without(range, moved))
  return [...constant, ...moved].toSorted((a, b) => a.start - b.start)
}

/** What of a range is not in any of the others. */
function without(range: MappedRange, others: readonly MappedRange[]): MappedRange[] {
  const other = others.find(({ start, end }) => start < range.end && end > range.start)
  if (!other) return [range]
  const before = { ...range, end: other.start }
  const after = { ...range, start: other.end, fileOffset: range.fileOffset + other.end - range.start }
  return [before, after].filter(({ start, end }) => start < end).flatMap((rest) => without(rest, others))
}

/** Stacks are not among them: the kernel itself writes signals there, and would find no memory. */
export function tracedRanges(
  mapped: readonly MappedRange[],
  { regions, record }: FrozenProcess,
): MappedRange[] {
  const contexts = threadContexts(record)
  const stacks = regions.filter(({ start, end }) => contexts.some((at) => start <= at && at < end))
  return mapped.filter((range) => !stacks.some(({ start, end }) => start <= range.start && range.start < end))
}

/** Memory in one piece, and where the file has it. */
export interface FileRun {
  readonly address: number
  readonly size: number
  readonly fileOffset: number
}

/**
 * The pages, and what was not traced as a whole; neighbours as one run.
 * @param gap so many bytes that are not used are looked at, too, as each run takes room in the file
 */
export function usedRuns(
  mapped: readonly MappedRange[],
  traced: readonly MappedRange[],
  pages: readonly number[],
  gap = 0,
): FileRun[] {
  const used = new Set(pages)
  return mapped.flatMap((range) => {
    const isTraced = traced.includes(range)
    const runs: { address: number; size: number; fileOffset: number }[] = []
    for (let address = range.start; address < range.end; address += PAGE_SIZE) {
      if (isTraced && !used.has(address)) continue
      const last = runs.at(-1)
      const isNear = last && address - (last.address + last.size) <= gap
      if (isNear) last.size = address + PAGE_SIZE - last.address
      else runs.push({ address, size: PAGE_SIZE, fileOffset: range.fileOffset + address - range.start })
    }
    return runs
  })
}

/** @param readAt offset in the file, size */
export function withChecksums(
  runs: readonly FileRun[],
  readAt: (fileOffset: number, size: number) => Uint8Array,
): VerifiedRun[] {
  return runs.map(({ address, size, fileOffset }) => ({
    address,
    size,
    checksum: checksumOf(readAt(fileOffset, size)),
  }))
}
