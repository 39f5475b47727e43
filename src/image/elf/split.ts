// Cuts a finished executable into two files that the kernel puts together again: what no program changes (node, the
// launcher, ld.so, the system's libraries), and the rest. The rest is started; the other file is what it names as its
// interpreter (PT_INTERP), which the kernel maps beside it. In a container image each is a layer, and the first one is
// the same for all programs and all their versions.
//
// The kernel clears the whole range of addresses from an interpreter's first segment to its last. So what the program
// changes lies outside of it: the launch table below, bootstrap and program above. And before Linux 6.7 an interpreter
// gets zeros only behind its last segment, so those of .bss are written out.

import { alignUp, viewOf } from '../../base/bytes.ts'
import { PAGE_SIZE } from '../../format/archive.ts'
import { IN_RUNTIME } from '../../format/seal.ts'
import { PF_R, PF_W, PF_X, PT_INTERP, PT_LOAD, PT_NOTE, PT_NULL, PT_PHDR } from './constants.ts'
import { redirectMoves } from './frozen.ts'
import type { FoundLaunchTable, ReadAt } from './launch-table.ts'
import {
  LAUNCH_TABLE,
  LAUNCHER_TEXT,
  LaunchTable,
  NO_SEAL,
  PARKING_BASE,
  PAYLOAD_BASE,
  SEAL_BASE,
  SYSTEM_BASE,
} from './layout.ts'
import { FileHeader, IDENT_SIZE, ProgramHeader } from './structs.ts'

/** Bytes of a file: of their own, or the executable's. Later ones lie over earlier ones. */
export type Piece =
  | { readonly offset: number; readonly bytes: Uint8Array }
  | { readonly offset: number; readonly from: number; readonly size: number }

export interface SplitFile {
  readonly size: number
  readonly pieces: readonly Piece[]
}

export interface Split {
  /** What no program changes. */
  readonly runtime: SplitFile
  /** Offset in the executable where it ends; the rest is the program's. */
  readonly end: number
  /** What is started, without a seal. Offsets in it are `shift` less than in the executable. */
  readonly program: (runtimePath: string) => SplitFile
  readonly shift: number
}

/** Files are cut by whole pages of the machines that have the largest. */
const LARGEST_PAGE = 0x1_0000
/** Behind every node, before the launcher. */
const ALIAS_BASE = 0x800_0000

/** Undefined if the executable is laid out in a way that cannot be cut. */
export function planSplit(found: FoundLaunchTable, readAt: ReadAt): Split | undefined {
  const { fileOffset: end, table } = found
  const segments = found.programHeaders.filter(({ type, memorySize }) => type === PT_LOAD && memorySize > 0)
  const common = segments.filter((it) => isBetween(it, LAUNCH_TABLE + PAGE_SIZE, PAYLOAD_BASE))
  if (!common.every((it) => it.fileOffset + it.fileSize <= end)) return undefined
  const runtime = planRuntime(common, found)
  if (!runtime) return undefined

  const start = end % LARGEST_PAGE < PAGE_SIZE ? (end % LARGEST_PAGE) + LARGEST_PAGE : end % LARGEST_PAGE
  const shift = end - start
  const moves = new Map<ProgramHeader, ProgramHeader>()
  for (const parked of segments.filter((it) => it.virtualAddress >= PARKING_BASE && it.fileOffset < end)) {
    const same = runtime.aliases.find((it) => it.flags === parked.flags && isWithin(parked, it))
    if (!same) return undefined
    moves.set(parked, same)
  }
  const page = pageOf(found, readAt, runtime.segments, moves, shift)
  if (!page) return undefined
  const header = readAt(0, IDENT_SIZE + FileHeader.size)
  const fileEnd = table.sealFileOffset
  return {
    runtime,
    end,
    shift,
    program: (runtimePath) => ({
      size: fileEnd - shift,
      pieces: [
        { offset: start, from: end, size: fileEnd - end },
        { offset: 0, bytes: headerOf(header, start + page.headersAt, page.headerCount) },
        { offset: start, bytes: page.bytes(runtimePath) },
        ...movesPiece(found, readAt, moves, shift),
      ],
    }),
  }
}

function isBetween({ virtualAddress }: ProgramHeader, from: number, to: number): boolean {
  return virtualAddress >= from && virtualAddress < to
}

function isWithin(inner: ProgramHeader, outer: ProgramHeader): boolean {
  return (
    inner.fileOffset >= outer.fileOffset &&
    inner.fileOffset + inner.fileSize <= outer.fileOffset + outer.fileSize
  )
}

function headerOf(header: Uint8Array, programHeaderOffset: number, programHeaderCount: number): Uint8Array {
  const bytes = header.slice()
  const values = FileHeader.read(viewOf(bytes), IDENT_SIZE)
  FileHeader.write(viewOf(bytes), IDENT_SIZE, { ...values, programHeaderOffset, programHeaderCount })
  return bytes
}

/** Its ELF header stays as it is, because the launcher looks at it: so its program headers lie where they did. */
function planRuntime(
  common: readonly ProgramHeader[],
  { fileOffset: end, programHeaderOffset, programHeaders, machine: { pageSize } }: FoundLaunchTable,
) {
  const pieces: Piece[] = [{ offset: 0, from: 0, size: end }]
  let size = end + pageSize
  const whole = common.map((segment) => {
    const { virtualAddress, fileOffset: from, fileSize, memorySize } = segment
    if (fileSize === memorySize) return segment
    const fileOffset = alignUp(size, LARGEST_PAGE) + (virtualAddress % LARGEST_PAGE)
    size = alignUp(fileOffset + memorySize, pageSize)
    pieces.push({ offset: fileOffset, from, size: fileSize })
    return { ...segment, fileOffset, fileSize: memorySize }
  })
  const aliases = aliasesOf(common)
  const segments = [...whole, ...aliases].toSorted((a, b) => a.virtualAddress - b.virtualAddress)
  const isApart = segments.every((it, i) => i === 0 || endOf(segments[i - 1]!) <= it.virtualAddress)
  if (!isApart || segments.length > programHeaders.length) return undefined
  const none = Array.from({ length: programHeaders.length - segments.length }, () => NO_SEGMENT)
  pieces.push({ offset: programHeaderOffset, bytes: headerTable([...segments, ...none]) })
  return { size, pieces, segments, aliases }
}

const NO_SEGMENT: ProgramHeader = {
  type: PT_NULL,
  flags: 0,
  fileOffset: 0,
  virtualAddress: 0,
  physicalAddress: 0,
  fileSize: 0,
  memorySize: 0,
  alignment: 0,
}

function endOf({ virtualAddress, memorySize }: ProgramHeader): number {
  return virtualAddress + memorySize
}

/**
 * Code of node and everything of the libraries once more, from where a frozen process gets what was mapped of them
 * (frozen.ts): which parts that is depends on the program, so the runtime's file has all.
 */
function aliasesOf(common: readonly ProgramHeader[]): ProgramHeader[] {
  const code = common.filter((it) => it.virtualAddress < LAUNCHER_TEXT && it.flags & PF_X)
  const libraries = common.filter((it) => it.virtualAddress === SYSTEM_BASE)
  let next = ALIAS_BASE
  return [
    ...code,
    ...[PF_R, PF_R | PF_X, PF_R | PF_W].flatMap((flags) => libraries.map((it) => ({ ...it, flags }))),
  ].map((segment) => {
    const virtualAddress = next + (segment.fileOffset % LARGEST_PAGE)
    next = alignUp(virtualAddress + segment.memorySize, LARGEST_PAGE) + LARGEST_PAGE
    return { ...segment, virtualAddress, physicalAddress: virtualAddress }
  })
}

function headerTable(headers: readonly ProgramHeader[]): Uint8Array {
  const bytes = new Uint8Array(headers.length * ProgramHeader.size)
  headers.forEach((it, i) => ProgramHeader.write(viewOf(bytes), i * ProgramHeader.size, it))
  return bytes
}

/** The page of the launch table as the program's file has it; undefined if it has no room. */
function pageOf(
  { table, fileOffset, programHeaders }: FoundLaunchTable,
  readAt: ReadAt,
  runtime: readonly ProgramHeader[],
  moves: ReadonlyMap<ProgramHeader, unknown>,
  shift: number,
) {
  const innerAt = table.programHeader - LAUNCH_TABLE
  const innerSize = table.programHeaderCount * ProgramHeader.size
  const innerBytes = viewOf(readAt(fileOffset + innerAt, innerSize))
  const shifted = (it: ProgramHeader) => ({ ...it, fileOffset: Math.max(0, it.fileOffset - shift) })
  const inner = Array.from({ length: table.programHeaderCount }, (_, i) =>
    ProgramHeader.read(innerBytes, i * ProgramHeader.size),
  ).map((it) => (it.type === PT_PHDR || it.type === PT_NOTE ? shifted(it) : it))
  const outer = programHeaders
    .filter((it) => it.type !== PT_NULL && !moves.has(it))
    .filter((it) => it.type !== PT_LOAD || !isBetween(it, LAUNCH_TABLE + PAGE_SIZE, PAYLOAD_BASE))
    .map((it) => (isBetween(it, SEAL_BASE, PARKING_BASE) ? UNSEALED : it.fileSize > 0 ? shifted(it) : it))
  const headersAt = innerAt + innerSize
  const interpreter = (fileOffset: number, size: number): ProgramHeader => ({
    type: PT_INTERP,
    flags: PF_R,
    fileOffset,
    virtualAddress: LAUNCH_TABLE + (fileOffset % PAGE_SIZE),
    physicalAddress: LAUNCH_TABLE + (fileOffset % PAGE_SIZE),
    fileSize: size,
    memorySize: size,
    alignment: 1,
  })
  // Behind what the kernel is told: for the launcher's messages (launcher/verify.c).
  const elsewhere = runtime.map((it) => ({ ...it, fileOffset: IN_RUNTIME + it.fileOffset }))
  const headerCount = 1 + outer.length
  const used = headersAt + (headerCount + elsewhere.length) * ProgramHeader.size
  if (used + PATH_ROOM > PAGE_SIZE) return undefined
  return {
    headersAt,
    headerCount,
    bytes(runtimePath: string) {
      const path = Buffer.from(`${runtimePath}\0`)
      if (path.length > PATH_ROOM)
        throw new RangeError(`${runtimePath} is too long for a path of the runtime`)
      const pathAt = PAGE_SIZE - PATH_ROOM
      const bytes = new Uint8Array(PAGE_SIZE)
      LaunchTable.write(viewOf(bytes), 0, {
        ...table,
        payloadFileOffset: table.payloadFileOffset - shift,
        ...NO_SEAL,
        runtime: LAUNCH_TABLE + pathAt,
      })
      bytes.set(headerTable(inner), innerAt)
      const first = interpreter(fileOffset - shift + pathAt, path.length)
      bytes.set(headerTable([first, ...outer, ...elsewhere]), headersAt)
      bytes.set(path, pathAt)
      return bytes
    },
  }
}

/** The segment of the seal, until there is one (seal.ts). */
const UNSEALED: ProgramHeader = {
  type: PT_LOAD,
  flags: PF_R,
  fileOffset: 0,
  virtualAddress: SEAL_BASE,
  physicalAddress: SEAL_BASE,
  fileSize: 0,
  memorySize: 0,
  alignment: LARGEST_PAGE,
}

const PATH_ROOM = 128

/** What a frozen process is moved from: where the runtime's file has it. */
function movesPiece(
  { table, programHeaders }: FoundLaunchTable,
  readAt: ReadAt,
  moves: ReadonlyMap<ProgramHeader, ProgramHeader>,
  shift: number,
): Piece[] {
  const home = programHeaders.find((it) => table.thaw !== 0 && it.virtualAddress === table.thaw)
  if (!home) return []
  const redirect = (source: number) => {
    for (const [parked, alias] of moves)
      if (source >= parked.virtualAddress && source < endOf(parked))
        return source - parked.virtualAddress + alias.virtualAddress + parked.fileOffset - alias.fileOffset
    return source
  }
  const bytes = redirectMoves(readAt(home.fileOffset, home.fileSize), table.thaw, redirect)
  return [{ offset: home.fileOffset - shift, bytes }]
}
