// Changes node before it is linked: bytes are replaced in place, and ranges that nothing reads are cut out of the file.
//
// node is not position independent, so all that remains keeps its address. A segment with a cut becomes two, around a
// hole in which nothing is mapped, or zeros; what lies behind the hole moves to the front in the file. Everything that is looked
// for in node (symbols, the switch of single executables) is looked for in node as it came.

import { BuildError } from '../../base/diagnostics.ts'
import { CLUSTER_SIZE } from '../../format/seal.ts'
import { loadsOf } from './check.ts'
import { PT_LOAD } from './constants.ts'
import { offsetOf } from './dynamic.ts'
import { machineOf } from './machine.ts'
import type { ElfFile } from './read.ts'
import type { ProgramHeader } from './structs.ts'

/** Virtual addresses, the end not included. */
export interface AddressRange {
  readonly start: number
  readonly end: number
}

export interface NodeEdits {
  /** Bytes at their address: in one segment each, with a place in the file. */
  readonly patches: readonly { readonly address: number; readonly bytes: Uint8Array }[]
  /**
   * What is not to be in the file: the whole pages of each range, for pages of any size that the machine's kernels
   * have. Every range lies in one segment, in what that has of the file.
   */
  readonly cuts: readonly CutRange[]
  /** What a program header other than PT_LOAD has now, by its type: less than before. */
  readonly shortened?: ReadonlyMap<number, number>
}

export interface CutRange extends AddressRange {
  /** Something may read it: it is zeros then, which takes a program header of its own. */
  readonly isRead?: boolean
}

export const NO_EDITS: NodeEdits = { patches: [], cuts: [] }

/** All of them, made one after the other. */
export function joinEdits(edits: readonly NodeEdits[]): NodeEdits {
  return {
    patches: edits.flatMap(({ patches }) => patches),
    cuts: edits.flatMap(({ cuts }) => cuts),
    shortened: new Map(edits.flatMap(({ shortened }) => [...(shortened ?? [])])),
  }
}

/** Program headers that node has more afterwards. */
export function headersFor({ cuts }: NodeEdits): number {
  return cuts.reduce((sum, { isRead }) => sum + (isRead ? 2 : 1), 0)
}

export interface EditedNode {
  /** With a PT_LOAD for each side of a cut, and file offsets as they are afterwards. */
  readonly programHeaders: readonly ProgramHeader[]
  /** The file's bytes, up to any length that holds all segments, as they are afterwards. */
  readonly emit: (bytes: Uint8Array) => Uint8Array
}

/** What is left out of the file. */
interface Cut extends CutRange {
  readonly fileOffset: number
  readonly fileEnd: number
}

/** @throws BuildError IMAGE_NOT_NODE if something else depends on what is to be cut */
export function editNode(node: ElfFile, { patches, cuts: ranges, shortened }: NodeEdits): EditedNode {
  const cuts = cutsOf(node, ranges)
  const places = patches.map(({ address, bytes }) => ({
    fileOffset: offsetOfRange(node, { start: address, end: address + bytes.length }),
    bytes,
  }))
  return {
    programHeaders: node.programHeaders.flatMap((segment) =>
      segment.type === PT_LOAD
        ? split(segment, cuts)
        : moved(node, withSize(segment, shortened?.get(segment.type)), cuts),
    ),
    emit(original) {
      const bytes = new Uint8Array(original)
      for (const { fileOffset, bytes: replacement } of places) bytes.set(replacement, fileOffset)
      let [from, to] = [0, 0]
      for (const { fileOffset, fileEnd } of [...cuts, { fileOffset: bytes.length, fileEnd: bytes.length }]) {
        bytes.copyWithin(to, from, fileOffset)
        to += fileOffset - from
        from = fileEnd
      }
      return bytes.subarray(0, to)
    },
  }
}

function withSize(segment: ProgramHeader, size: number | undefined): ProgramHeader {
  return size === undefined ? segment : { ...segment, fileSize: size, memorySize: size }
}

function cutsOf(node: ElfFile, ranges: readonly CutRange[]): Cut[] {
  const { pageSize } = machineOf(node)
  const cuts: Cut[] = []
  for (const range of ranges.toSorted((a, b) => a.start - b.start)) {
    const start = Math.ceil(range.start / pageSize) * pageSize
    const end = Math.floor(range.end / pageSize) * pageSize
    if (end <= start) continue
    const fileOffset = offsetOfRange(node, { start, end })
    const fileEnd = fileOffset + end - start
    // The launcher compares the file's first bytes with memory in one piece (launcher/verify.c).
    if (fileOffset < CLUSTER_SIZE) throw refusal(node, 'what is to be cut is at its beginning', fileOffset)
    if (fileOffset < (cuts.at(-1)?.fileEnd ?? 0))
      throw refusal(node, 'two ranges that are to be cut overlap', fileOffset)
    cuts.push({ ...range, start, end, fileOffset, fileEnd })
  }
  return cuts
}

function offsetOfRange(node: ElfFile, { start, end }: AddressRange): number {
  const fileOffset = offsetOf(node, start)
  const isWhole = ({ virtualAddress, fileSize }: ProgramHeader) =>
    start >= virtualAddress && end <= virtualAddress + fileSize
  if (!loadsOf(node).some(isWhole))
    throw refusal(node, 'what is to be changed is in two segments', fileOffset)
  return fileOffset
}

/** How much lower something of node's file lies. */
function shiftAt(fileOffset: number, cuts: readonly Cut[]): number {
  return cuts
    .filter((cut) => cut.fileEnd <= fileOffset)
    .reduce((sum, cut) => sum + cut.fileEnd - cut.fileOffset, 0)
}

function split(segment: ProgramHeader, cuts: readonly Cut[]): ProgramHeader[] {
  const { virtualAddress, memorySize, fileSize, fileOffset } = segment
  const end = virtualAddress + memorySize
  const inside = cuts.filter((cut) => cut.start >= virtualAddress && cut.end <= end)
  if (inside.length === 0) return [{ ...segment, fileOffset: fileOffset - shiftAt(fileOffset, cuts) }]
  const starts = [virtualAddress, ...inside.map((cut) => cut.end)]
  const ends = [...inside.map((cut) => cut.start), end]
  const part = (start: number, partEnd: number): ProgramHeader => {
    const before = start - virtualAddress
    return {
      ...segment,
      virtualAddress: start,
      physicalAddress: segment.physicalAddress + before,
      fileOffset: fileOffset + before - shiftAt(fileOffset + before, cuts),
      fileSize: Math.min(partEnd - start, fileSize - before),
      memorySize: partEnd - start,
    }
  }
  return starts
    .flatMap((start, i) => {
      const cut = inside[i]
      const hole = cut?.isRead ? [{ ...part(cut.start, cut.end), fileSize: 0 }] : []
      return [part(start, ends[i]!), ...hole]
    })
    .filter(({ memorySize }) => memorySize > 0)
}

function moved(node: ElfFile, segment: ProgramHeader, cuts: readonly Cut[]): ProgramHeader {
  const { fileOffset, fileSize } = segment
  if (fileSize === 0) return segment
  const isCut = cuts.some((cut) => cut.fileOffset < fileOffset + fileSize && cut.fileEnd > fileOffset)
  if (isCut) throw refusal(node, 'a program header leads to what is to be cut', fileOffset)
  return { ...segment, fileOffset: fileOffset - shiftAt(fileOffset, cuts) }
}

function refusal(node: ElfFile, why: string, offset: number): BuildError {
  return new BuildError('IMAGE_NOT_NODE', `this node cannot be made smaller: ${why}`, {
    at: { file: node.file, offset },
    help: 'use an official node 26, or leave out the option that makes it smaller',
  })
}
