// Reads an ELF64 file's header and program headers, and trusts nothing in them: whatever is
// returned lies inside the file, so that later stages can slice without checking again.

import { viewOf } from '../../base/bytes.ts'
import { BuildError } from '../../base/diagnostics.ts'
import type { Values } from '../../format/struct.ts'
import { ELFCLASS64, ELFDATA2LSB, ET_DYN, ET_EXEC, PT_LOAD } from './constants.ts'
import { machineNumbered } from './machine.ts'
import { FileHeader, IDENT_SIZE, ProgramHeader } from './structs.ts'

export interface ElfFile {
  /** The file's name, for messages. */
  readonly file: string
  readonly bytes: Uint8Array
  readonly header: ReturnType<typeof FileHeader.read>
  readonly programHeaders: readonly ProgramHeader[]
}

/** Beyond this a virtual address is the kernel's (four-level paging). */
const USER_ADDRESS_LIMIT = 2 ** 47

/** @throws BuildError IMAGE_NOT_ELF, IMAGE_WRONG_TARGET or IMAGE_MALFORMED, with the byte offset. */
export function readElf(bytes: Uint8Array, file: string): ElfFile {
  const view = viewOf(bytes)
  const fail = (code: string, message: string, offset: number): never => {
    throw new BuildError(code, message, {
      at: { file, offset },
      help: 'pass a Linux executable for x86-64 or AArch64',
    })
  }
  const malformed = (message: string, offset: number) => fail('IMAGE_MALFORMED', message, offset)

  if (bytes.length < 4 || view.getUint32(0) !== 0x7f454c46) fail('IMAGE_NOT_ELF', 'not an ELF file', 0)
  if (bytes.length < IDENT_SIZE + FileHeader.size) malformed('the ELF header is cut off', bytes.length)
  if (bytes[4] !== ELFCLASS64) fail('IMAGE_WRONG_TARGET', 'not a 64-bit ELF file', 4)
  if (bytes[5] !== ELFDATA2LSB) fail('IMAGE_WRONG_TARGET', 'not a little-endian ELF file', 5)

  const at = (field: keyof typeof header) => IDENT_SIZE + FileHeader.offsetOf(field)
  const header = FileHeader.read(view, IDENT_SIZE)
  if (!machineNumbered(header.machine))
    fail('IMAGE_WRONG_TARGET', `machine ${header.machine} is neither x86-64 nor AArch64`, at('machine'))
  if (header.type !== ET_EXEC && header.type !== ET_DYN) {
    fail('IMAGE_WRONG_TARGET', `type ${header.type} is neither an executable nor a shared object`, at('type'))
  }
  if (header.programHeaderSize !== ProgramHeader.size) {
    malformed(`program headers of ${header.programHeaderSize} bytes`, at('programHeaderSize'))
  }
  if (header.programHeaderCount === 0) malformed('no program headers', at('programHeaderCount'))
  const tableEnd = header.programHeaderOffset + header.programHeaderCount * ProgramHeader.size
  if (tableEnd > bytes.length)
    malformed('the program header table lies beyond the end of the file', at('programHeaderOffset'))

  const programHeaders: ProgramHeader[] = []
  for (let i = 0; i < header.programHeaderCount; i++) {
    programHeaders.push(ProgramHeader.read(view, header.programHeaderOffset + i * ProgramHeader.size))
  }
  checkSegments({ bytes, header, programHeaders }, malformed)
  return { file, bytes, header, programHeaders }
}

/** Where in the file a field of one of its own program headers is, for messages. */
export function segmentField(
  {
    header,
    programHeaders,
  }: Pick<ElfFile, 'programHeaders'> & { header: Values<{ programHeaderOffset: 'u64' }> },
  segment: ProgramHeader,
  field: Parameters<typeof ProgramHeader.offsetOf>[0],
): number {
  const start = header.programHeaderOffset + programHeaders.indexOf(segment) * ProgramHeader.size
  return start + ProgramHeader.offsetOf(field)
}

function checkSegments(
  {
    bytes,
    header,
    programHeaders,
  }: Pick<ElfFile, 'bytes' | 'programHeaders'> & { header: Values<{ programHeaderOffset: 'u64' }> },
  malformed: (message: string, offset: number) => never,
): void {
  let addressEnd = 0
  let loads = 0
  programHeaders.forEach((segment, i) => {
    const at = (field: Parameters<typeof ProgramHeader.offsetOf>[0]) =>
      header.programHeaderOffset + i * ProgramHeader.size + ProgramHeader.offsetOf(field)
    if (segment.fileOffset + segment.fileSize > bytes.length) {
      malformed(`segment ${i} lies beyond the end of the file`, at('fileOffset'))
    }
    // The headers are written again: a number that a double rounds would not be the same then.
    for (const field of ['virtualAddress', 'physicalAddress', 'memorySize', 'alignment'] as const) {
      if (!Number.isSafeInteger(segment[field])) malformed(`segment ${i} has an absurd ${field}`, at(field))
    }
    if (segment.type !== PT_LOAD) return
    loads++
    const end = segment.virtualAddress + segment.memorySize
    if (segment.fileSize > segment.memorySize)
      malformed(`segment ${i} is larger in the file than in memory`, at('memorySize'))
    if (end > USER_ADDRESS_LIMIT) malformed(`segment ${i} lies beyond user space`, at('virtualAddress'))
    if (segment.virtualAddress < addressEnd)
      malformed(`segment ${i} overlaps the one before it`, at('virtualAddress'))
    if (segment.virtualAddress % 4096 !== segment.fileOffset % 4096) {
      malformed(`segment ${i} cannot be mapped: address and offset differ within a page`, at('fileOffset'))
    }
    addressEnd = end
  })
  if (loads === 0) malformed('no PT_LOAD segment', header.programHeaderOffset)
}
