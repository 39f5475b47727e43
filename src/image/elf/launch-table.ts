// Finds the launch table of a finished executable, and with it all that has a place in the file. Pure: how bytes
// are read is the caller's, so that a file of 200 MB costs three small reads.

import { viewOf } from '../../base/bytes.ts'
import { BuildError } from '../../base/diagnostics.ts'
import { PAGE_SIZE } from '../../format/archive.ts'
import { ELFCLASS64, ELFDATA2LSB, PT_LOAD } from './constants.ts'
import { LauncherHeader } from './launcher.ts'
import { LAUNCH_TABLE, LAUNCH_TABLE_MAGIC, LAUNCHER_TEXT, LaunchTable, LAYOUT_VERSION } from './layout.ts'
import { machineNumbered, type Machine } from './machine.ts'
import { FileHeader, IDENT_SIZE, ProgramHeader } from './structs.ts'

/** Gives fewer bytes where the file ends. */
export type ReadAt = (fileOffset: number, size: number) => Uint8Array

export interface FoundLaunchTable {
  readonly fileOffset: number
  readonly table: ReturnType<typeof LaunchTable.read>
  /** The kernel's; with the spare ones. */
  readonly programHeaders: readonly ProgramHeader[]
  readonly programHeaderOffset: number
  readonly machine: Machine
}

/**
 * Also of an executable whose runtime is another file.
 * @param file the name, for messages
 * @throws BuildError IMAGE_NOT_ELF, IMAGE_WRONG_TARGET, IMAGE_NOT_INGOT or IMAGE_OTHER_LAYOUT, with the byte offset
 */
export function findLaunchTable(readAt: ReadAt, file: string): FoundLaunchTable {
  const fail = (code: string, message: string, offset: number, help = HELP): never => {
    throw new BuildError(code, message, { at: { file, offset }, help })
  }
  const foreign = (offset: number): never =>
    fail('IMAGE_NOT_INGOT', 'this is not an executable that Ingot has made', offset)
  const exactly = (fileOffset: number, size: number): Uint8Array => {
    const bytes = readAt(fileOffset, size)
    return bytes.length < size ? foreign(fileOffset + bytes.length) : bytes
  }

  const start = readAt(0, IDENT_SIZE + FileHeader.size)
  if (start.length < 4 || viewOf(start).getUint32(0) !== 0x7f454c46) {
    fail('IMAGE_NOT_ELF', 'not an ELF file', 0)
  }
  if (start.length < IDENT_SIZE + FileHeader.size) foreign(start.length)
  if (start[4] !== ELFCLASS64 || start[5] !== ELFDATA2LSB)
    fail('IMAGE_WRONG_TARGET', 'not a 64-bit little-endian ELF file', 4)
  const header = FileHeader.read(viewOf(start), IDENT_SIZE)
  const inHeader = (field: Parameters<typeof FileHeader.offsetOf>[0]) =>
    IDENT_SIZE + FileHeader.offsetOf(field)
  const machine =
    machineNumbered(header.machine) ??
    fail('IMAGE_WRONG_TARGET', 'neither for x86-64 nor for AArch64', inHeader('machine'))

  // The kernel's program headers share the page of the table, behind it (base-image.ts).
  const { programHeaderOffset, programHeaderCount, programHeaderSize } = header
  const fileOffset = programHeaderOffset - (programHeaderOffset % PAGE_SIZE)
  const inPage = programHeaderOffset - fileOffset
  const isInPage =
    programHeaderSize === ProgramHeader.size &&
    inPage >= LaunchTable.size &&
    inPage + programHeaderCount * ProgramHeader.size <= PAGE_SIZE
  if (!isInPage || !Number.isSafeInteger(fileOffset)) foreign(inHeader('programHeaderOffset'))
  const page = viewOf(exactly(fileOffset, PAGE_SIZE))
  const programHeaders = Array.from({ length: programHeaderCount }, (_, i) =>
    ProgramHeader.read(page, inPage + i * ProgramHeader.size),
  )
  const segmentAt = (address: number) =>
    programHeaders.find(({ type, virtualAddress }) => type === PT_LOAD && virtualAddress === address)
  const table = LaunchTable.read(page, 0)
  const isTable =
    segmentAt(LAUNCH_TABLE)?.fileOffset === fileOffset &&
    table.magicLow === LAUNCH_TABLE_MAGIC.magicLow &&
    table.magicHigh === LAUNCH_TABLE_MAGIC.magicHigh
  const found = { fileOffset, table, programHeaders, programHeaderOffset, machine }
  if (isTable && table.runtime !== 0) return found
  const launcherOffset = segmentAt(LAUNCHER_TEXT)?.fileOffset
  if (!isTable || launcherOffset === undefined) return foreign(fileOffset)

  const launcher = LauncherHeader.read(viewOf(exactly(launcherOffset, LauncherHeader.size)), 0)
  if (launcher.layoutVersion !== LAYOUT_VERSION) {
    fail(
      'IMAGE_OTHER_LAYOUT',
      `this executable is of layout ${launcher.layoutVersion}, and this Ingot knows ${LAYOUT_VERSION}`,
      launcherOffset + LauncherHeader.offsetOf('layoutVersion'),
      'use the version of Ingot that has built it, or build it again',
    )
  }
  return found
}

/** Of a file whose runtime is another one (split.ts), for who needs both. */
export function inTwoFiles(file: string, offset: number): BuildError {
  return new BuildError('IMAGE_IN_TWO_FILES', 'this is the program’s part of a container image', {
    at: { file, offset },
    help: 'name the executable that the image was made from',
  })
}

const HELP = 'name a file that "ingot build" has written'
