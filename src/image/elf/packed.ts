// A compressed executable: a small program, a table in its first page, and frames of zstd. launcher/unpack/packed.h says the
// same to that program.

import { zstdDecompressSync } from 'node:zlib'

import { alignUp, viewOf, type Chunk } from '../../base/bytes.ts'
import { BuildError } from '../../base/diagnostics.ts'
import { checksumOf, STEP } from '../../format/checksum.ts'
import { struct } from '../../format/struct.ts'
import { unfoldCalls } from './call-filter.ts'
import {
  ELFCLASS64,
  ELFDATA2LSB,
  EM_X86_64,
  ET_EXEC,
  PF_R,
  PF_W,
  PF_X,
  PT_GNU_STACK,
  PT_LOAD,
} from './constants.ts'
import { FileHeader, IDENT_SIZE, ProgramHeader } from './structs.ts'

const PAGE_SIZE = 0x1000
const PACKED_VERSION = 1
const PACKED_BASE = 0x1000_0000
const PACKED_CODE = PACKED_BASE + PAGE_SIZE
const PACKED_DATA = 0x1010_0000
const PACKED_FRAMES = 0x2000_0000
/** In the file, behind the program headers. */
const TABLE_OFFSET = 0x200

const FRAME_OF_CODE = 1

/** "INGOTZ01" */
const MAGIC = { magicLow: 0x4f474e49, magicHigh: 0x31305a54 }

const PackedTable = struct({
  magicLow: 'u32',
  magicHigh: 'u32',
  version: 'u64',
  /** Of the first page, in which this is zero then. */
  checksumLow: 'u32',
  checksumHigh: 'u32',
  codeSize: 'u64',
  codeChecksumLow: 'u32',
  codeChecksumHigh: 'u32',
  contentSize: 'u64',
  framesSize: 'u64',
  frameCount: 'u64',
})

const PackedFrame = struct({
  /** Behind the code. */
  offset: 'u64',
  size: 'u64',
  /** With its padding. */
  checksumLow: 'u32',
  checksumHigh: 'u32',
  contentOffset: 'u64',
  contentSize: 'u64',
  flags: 'u64',
})
type PackedFrame = ReturnType<(typeof PackedFrame)['read']>

/** The table is in the first page. */
export const MOST_FRAMES = Math.floor((PAGE_SIZE - TABLE_OFFSET - PackedTable.size) / PackedFrame.size)

/** A part of an executable, compressed. */
export interface CompressedPart {
  readonly contentOffset: number
  readonly contentSize: number
  /** It has gone through foldCalls. */
  readonly isCode: boolean
  /** A zstd frame. */
  readonly bytes: Uint8Array
}

/** @param stub launcher/prebuilt/…/unpack.bin */
export function emitPacked(stub: Uint8Array, parts: readonly CompressedPart[]): Chunk[] {
  if (parts.length > MOST_FRAMES)
    throw new Error(`${parts.length} frames are more than the table has room for`)
  const codeSize = alignUp(stub.length, PAGE_SIZE)
  const code = new Uint8Array(codeSize)
  code.set(stub)
  const chunks: Chunk[] = [{ offset: PAGE_SIZE, bytes: code }]
  const frames: PackedFrame[] = []
  let framesSize = 0
  for (const part of inOrder(parts)) {
    const bytes = new Uint8Array(alignUp(part.bytes.length, STEP))
    bytes.set(part.bytes)
    const { contentOffset, contentSize } = part
    const [checksumLow, checksumHigh] = halves(checksumOf(bytes))
    frames.push({
      offset: framesSize,
      size: part.bytes.length,
      checksumLow,
      checksumHigh,
      contentOffset,
      contentSize,
      flags: part.isCode ? FRAME_OF_CODE : 0,
    })
    chunks.push({ offset: PAGE_SIZE + codeSize + framesSize, bytes })
    framesSize += bytes.length
  }
  const contentSize = parts.reduce((sum, part) => sum + part.contentSize, 0)
  const page = emitHeaders(codeSize, framesSize)
  const view = viewOf(page)
  const [codeChecksumLow, codeChecksumHigh] = halves(checksumOf(code))
  const table = {
    ...MAGIC,
    version: PACKED_VERSION,
    checksumLow: 0,
    checksumHigh: 0,
    codeSize,
    codeChecksumLow,
    codeChecksumHigh,
    contentSize,
    framesSize,
    frameCount: frames.length,
  }
  PackedTable.write(view, TABLE_OFFSET, table)
  for (const [i, frame] of frames.entries()) PackedFrame.write(view, frameOffset(i), frame)
  const [checksumLow, checksumHigh] = halves(checksumOf(page))
  PackedTable.write(view, TABLE_OFFSET, { ...table, checksumLow, checksumHigh })
  return [{ offset: 0, bytes: page }, ...chunks]
}

/**
 * What takes longest begins first, behind one of about half as long: who ends together waits for the others to write, as
 * the kernel lets one thread at a time write to a file, and then would end together again.
 */
function inOrder(parts: readonly CompressedPart[]): CompressedPart[] {
  const sorted = parts.toSorted((a, b) => b.bytes.length - a.bytes.length)
  const shorter = sorted.findIndex(({ bytes }) => bytes.length < 0.6 * sorted[0]!.bytes.length)
  return shorter === -1 ? sorted : [sorted[shorter]!, ...sorted.toSpliced(shorter, 1)]
}

function frameOffset(index: number): number {
  return TABLE_OFFSET + PackedTable.size + index * PackedFrame.size
}

function halves(value: bigint): [low: number, high: number] {
  return [Number(BigInt.asUintN(32, value)), Number(value >> 32n)]
}

/** A page with the ELF header and program headers. */
function emitHeaders(codeSize: number, framesSize: number): Uint8Array {
  const page = new Uint8Array(PAGE_SIZE)
  const view = viewOf(page)
  const segment = (
    flags: number,
    fileOffset: number,
    address: number,
    fileSize: number,
    memorySize = fileSize,
  ) => ({
    type: PT_LOAD,
    flags,
    fileOffset,
    virtualAddress: address,
    physicalAddress: address,
    fileSize,
    memorySize,
    alignment: PAGE_SIZE,
  })
  const segments = [
    segment(PF_R, 0, PACKED_BASE, PAGE_SIZE),
    segment(PF_R | PF_X, PAGE_SIZE, PACKED_CODE, codeSize),
    segment(PF_R | PF_W, 0, PACKED_DATA, 0, PAGE_SIZE),
    segment(PF_R, PAGE_SIZE + codeSize, PACKED_FRAMES, framesSize),
    { ...segment(PF_R | PF_W, 0, 0, 0), type: PT_GNU_STACK, alignment: 0x10 },
  ]
  page.set([0x7f, 0x45, 0x4c, 0x46, ELFCLASS64, ELFDATA2LSB, 1])
  FileHeader.write(view, IDENT_SIZE, {
    type: ET_EXEC,
    machine: EM_X86_64,
    version: 1,
    entry: PACKED_CODE,
    programHeaderOffset: IDENT_SIZE + FileHeader.size,
    sectionHeaderOffset: 0,
    flags: 0,
    headerSize: IDENT_SIZE + FileHeader.size,
    programHeaderSize: ProgramHeader.size,
    programHeaderCount: segments.length,
    sectionHeaderSize: 0,
    sectionHeaderCount: 0,
    sectionNameIndex: 0,
  })
  for (const [i, header] of segments.entries()) {
    ProgramHeader.write(view, IDENT_SIZE + FileHeader.size + i * ProgramHeader.size, header)
  }
  return page
}

type ReadAt = (offset: number, size: number) => Uint8Array

/**
 * What a compressed executable is when it runs; undefined if this is none. Every byte of the file is checked.
 * @throws BuildError EXECUTABLE_DAMAGED with the byte offset
 */
export function unpack(readAt: ReadAt, name: string, fileSize: number): Uint8Array | undefined {
  const page = readAt(0, PAGE_SIZE).slice()
  if (page.length < PAGE_SIZE) return undefined
  const table = PackedTable.read(viewOf(page), TABLE_OFFSET)
  if (table.magicLow !== MAGIC.magicLow || table.magicHigh !== MAGIC.magicHigh) return undefined
  PackedTable.write(viewOf(page), TABLE_OFFSET, { ...table, checksumLow: 0, checksumHigh: 0 })
  requireSum(page, table.checksumLow, table.checksumHigh, { name, offset: 0 })
  if (table.version !== PACKED_VERSION) {
    throw new BuildError(
      'PACKED_VERSION',
      `it is compressed in version ${table.version}, this Ingot reads ${PACKED_VERSION}`,
      {
        at: { file: name, offset: TABLE_OFFSET },
        help: 'use the Ingot that has built it',
      },
    )
  }
  const end = PAGE_SIZE + table.codeSize + table.framesSize
  if (end !== fileSize) throw damaged(name, Math.min(end, fileSize))
  requireSum(readAt(PAGE_SIZE, table.codeSize), table.codeChecksumLow, table.codeChecksumHigh, {
    name,
    offset: PAGE_SIZE,
  })
  const content = new Uint8Array(table.contentSize)
  for (let i = 0; i < table.frameCount; i++) {
    const frame = PackedFrame.read(viewOf(page), frameOffset(i))
    const offset = PAGE_SIZE + table.codeSize + frame.offset
    const bytes = readAt(offset, alignUp(frame.size, STEP))
    requireSum(bytes, frame.checksumLow, frame.checksumHigh, { name, offset })
    content.set(decompress(bytes.subarray(0, frame.size), frame), frame.contentOffset)
  }
  return content
}

function decompress(bytes: Uint8Array, { contentSize, flags }: PackedFrame): Uint8Array {
  const content = zstdDecompressSync(bytes, { maxOutputLength: contentSize })
  if (flags & FRAME_OF_CODE) unfoldCalls(content)
  return content
}

function requireSum(
  bytes: Uint8Array,
  low: number,
  high: number,
  { name, offset }: { readonly name: string; readonly offset: number },
): void {
  const sum = halves(checksumOf(bytes))
  if (sum[0] !== low || sum[1] !== high) throw damaged(name, offset)
}

function damaged(file: string, offset: number): BuildError {
  return new BuildError('EXECUTABLE_DAMAGED', 'the compressed executable is damaged', {
    at: { file, offset },
    help: 'get the file again, or build it again: it is cut off or has been changed',
  })
}
