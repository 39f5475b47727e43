// ELF header -> program headers -> launch table: where everything in an executable lies.

import { viewOf } from '../base/bytes.ts'
import { ELFCLASS64, ELFDATA2LSB, EM_X86_64, PT_LOAD } from '../image/elf/constants.ts'
import {
  LAUNCH_TABLE,
  LAUNCH_TABLE_MAGIC,
  LAUNCHER_TEXT,
  LaunchTable,
  LOADER_BASE,
  PARKING_BASE,
  SEAL_BASE,
  SYSTEM_BASE,
} from '../image/elf/layout.ts'
import { FileHeader, IDENT_SIZE, ProgramHeader } from '../image/elf/structs.ts'
import type { ExecutableFile } from './executable-file.ts'

export interface Launch {
  readonly table: ReturnType<typeof LaunchTable.read>
  /** What the kernel maps. */
  readonly segments: readonly ProgramHeader[]
  /** SHA-256 of the seal, hex. */
  readonly root: string
  /** Bytes in the file by where they are mapped; what a frozen process maps twice is not counted twice. */
  readonly sizes: {
    readonly runtime: number
    readonly launcher: number
    readonly loader: number
    readonly frozen: number
  }
}

const ELF_MAGIC = 0x7f454c46

/** @throws BuildError INSPECT_NOT_INGOT, INSPECT_DAMAGED */
export function readLaunch(executable: ExecutableFile): Launch {
  const headers = readProgramHeaders(executable)
  const at = headers.find(({ virtualAddress }) => virtualAddress === LAUNCH_TABLE)
  if (!at) throw executable.notOurs('an ELF file, but none of Ingot: no segment is a launch table', 0)
  const bytes = executable.read(at.fileOffset, LaunchTable.size, 'the launch table')
  const table = LaunchTable.read(viewOf(bytes), 0)
  const { magicLow, magicHigh } = LAUNCH_TABLE_MAGIC
  if (table.magicLow !== magicLow || table.magicHigh !== magicHigh) {
    throw executable.damaged('the launch table does not begin as one', at.fileOffset)
  }
  if (table.isDevelopment !== 0) {
    const message = 'the executable of `ingot dev`, whose program lies in a file beside it'
    throw executable.notOurs(message, at.fileOffset + LaunchTable.offsetOf('isDevelopment'))
  }
  for (const region of ['system', 'payload', 'seal'] as const) {
    const [offset, size] = [table[`${region}FileOffset`], table[`${region}Size`]]
    if (offset + size <= executable.size) continue
    const field = at.fileOffset + LaunchTable.offsetOf(`${region}Size`)
    throw executable.damaged(`its ${region} would end at byte ${offset + size}, behind the file`, field)
  }
  return {
    table,
    segments: headers,
    root: bytes.toString('hex', LaunchTable.offsetOf('root0')),
    sizes: sizesOf(headers),
  }
}

function readProgramHeaders(executable: ExecutableFile): ProgramHeader[] {
  if (executable.size < IDENT_SIZE + FileHeader.size) throw executable.notOurs('not an ELF file', 0)
  const view = viewOf(executable.read(0, IDENT_SIZE + FileHeader.size, 'the ELF header'))
  if (view.getUint32(0) !== ELF_MAGIC) throw executable.notOurs('not an ELF file', 0)
  const header = FileHeader.read(view, IDENT_SIZE)
  const isKnown =
    view.getUint8(4) === ELFCLASS64 && view.getUint8(5) === ELFDATA2LSB && header.machine === EM_X86_64
  if (!isKnown) throw executable.notOurs('an ELF file, but not of 64-bit x86', 4)
  const at = (field: Parameters<typeof FileHeader.offsetOf>[0]) => IDENT_SIZE + FileHeader.offsetOf(field)
  if (header.programHeaderSize !== ProgramHeader.size) {
    throw executable.damaged(`program headers of ${header.programHeaderSize} bytes`, at('programHeaderSize'))
  }
  const { programHeaderOffset, programHeaderCount } = header
  const table = viewOf(
    executable.read(
      programHeaderOffset,
      programHeaderCount * ProgramHeader.size,
      'the program header table',
      at('programHeaderOffset'),
    ),
  )
  return Array.from({ length: programHeaderCount }, (_, i) => {
    const segment = ProgramHeader.read(table, i * ProgramHeader.size)
    if (segment.fileOffset + segment.fileSize > executable.size) {
      const field = programHeaderOffset + i * ProgramHeader.size + ProgramHeader.offsetOf('fileSize')
      const end = segment.fileOffset + segment.fileSize
      throw executable.damaged(`segment ${i} would end at byte ${end}, behind the file`, field)
    }
    return segment
  }).filter(({ type }) => type === PT_LOAD)
}

function sizesOf(headers: readonly ProgramHeader[]): Launch['sizes'] {
  const between = (start: number, end: number) =>
    headers.filter(({ virtualAddress }) => virtualAddress >= start && virtualAddress < end)
  const sum = (segments: readonly ProgramHeader[]) =>
    segments.reduce((total, { fileSize }) => total + fileSize, 0)
  const isOwn = ({ virtualAddress }: ProgramHeader) => virtualAddress < PARKING_BASE
  // The frozen process lies behind all else but the seal; its other segments map the rest of the file again.
  const end = Math.max(
    ...headers
      .filter((segment) => isOwn(segment) && segment.virtualAddress < SEAL_BASE)
      .map(({ fileOffset, fileSize }) => fileOffset + fileSize),
  )
  return {
    runtime: sum(between(0, LAUNCHER_TEXT)),
    launcher: sum(between(LAUNCHER_TEXT, LOADER_BASE)),
    loader: sum(between(LOADER_BASE, SYSTEM_BASE)),
    frozen: sum(headers.filter((segment) => !isOwn(segment) && segment.fileOffset >= end)),
  }
}
