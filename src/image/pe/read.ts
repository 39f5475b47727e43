// Reads a PE32+ file's headers and section table, and trusts nothing in them: whatever is returned lies inside the
// file, so that later stages can slice without checking again.

import { alignUp, viewOf } from '../../base/bytes.ts'
import { BuildError } from '../../base/diagnostics.ts'
import * as pe from './constants.ts'
import { DataDirectory, FileHeader, OptionalHeader, SectionHeader } from './structs.ts'

export interface PeFile {
  /** The file's name, for messages. */
  readonly file: string
  readonly bytes: Uint8Array
  /** File offsets of the headers. */
  readonly at: {
    readonly header: number
    readonly optional: number
    readonly directories: number
    readonly sections: number
  }
  readonly header: ReturnType<typeof FileHeader.read>
  readonly optional: ReturnType<typeof OptionalHeader.read>
  readonly directories: readonly DataDirectory[]
  /** Ascending by address, each directly behind the one before. */
  readonly sections: readonly SectionHeader[]
}

/** All that the specification knows. */
const DIRECTORY_LIMIT = 16
/** The loader's (PE format, "number of sections"). */
const SECTION_LIMIT = 96
/** An image lies below 2 GB as a whole: its parts refer to each other by signed 32-bit distances. */
export const IMAGE_LIMIT = 2 ** 31

const MACHINES: Record<number, string> = {
  [pe.IMAGE_FILE_MACHINE_AMD64]: 'x64',
  [pe.IMAGE_FILE_MACHINE_ARM64]: 'arm64',
}

/**
 * @param start where in the file `bytes` begin to be all that there is: only headers are looked at
 * @throws BuildError IMAGE_NOT_PE, IMAGE_WRONG_TARGET or IMAGE_MALFORMED, with the byte offset.
 */
export function readPe(bytes: Uint8Array, file: string, fileSize = bytes.length): PeFile {
  const view = viewOf(bytes)
  const fail = (code: string, message: string, offset: number): never => {
    throw new BuildError(code, message, { at: { file, offset }, help: 'pass a 64-bit Windows executable' })
  }
  const malformed = (message: string, offset: number) => fail('IMAGE_MALFORMED', message, offset)
  const requireBytes = (what: string, offset: number, size: number, saidAt: number) => {
    if (offset + size > bytes.length) malformed(`${what} would end beyond the end of the file`, saidAt)
  }

  if (bytes.length < 2 || view.getUint16(0, true) !== pe.IMAGE_DOS_SIGNATURE)
    fail('IMAGE_NOT_PE', 'not a PE file', 0)
  requireBytes('the DOS header', pe.E_LFANEW, 4, bytes.length)
  const signature = view.getUint32(pe.E_LFANEW, true)
  requireBytes('the PE header', signature, 4 + FileHeader.size + OptionalHeader.size, pe.E_LFANEW)
  if (view.getUint32(signature, true) !== pe.IMAGE_NT_SIGNATURE)
    fail('IMAGE_NOT_PE', 'not a PE file', signature)

  const at = { header: signature + 4, optional: 0, directories: 0, sections: 0 }
  at.optional = at.header + FileHeader.size
  at.directories = at.optional + OptionalHeader.size
  const header = FileHeader.read(view, at.header)
  const optional = OptionalHeader.read(view, at.optional)
  at.sections = at.optional + header.optionalHeaderSize
  const headerField = (field: keyof typeof header) => at.header + FileHeader.offsetOf(field)
  const optionalField = (field: keyof typeof optional) => at.optional + OptionalHeader.offsetOf(field)

  if (!(header.machine in MACHINES)) {
    fail(
      'IMAGE_WRONG_TARGET',
      `machine 0x${header.machine.toString(16)} is neither x64 nor arm64`,
      headerField('machine'),
    )
  }
  if (optional.magic !== pe.IMAGE_NT_OPTIONAL_HDR64_MAGIC)
    fail('IMAGE_WRONG_TARGET', 'not a 64-bit PE file', optionalField('magic'))
  if (
    (header.characteristics & pe.IMAGE_FILE_EXECUTABLE_IMAGE) === 0 ||
    header.characteristics & pe.IMAGE_FILE_DLL
  )
    fail('IMAGE_WRONG_TARGET', 'not an executable', headerField('characteristics'))
  const { sectionAlignment, fileAlignment, directoryCount } = optional
  for (const field of ['sectionAlignment', 'fileAlignment'] as const) {
    const value = optional[field]
    if (value < 512 || value > 65_536 || (value & (value - 1)) !== 0)
      malformed(`${field} ${value} is no power of two from 512 to 65536`, optionalField(field))
  }
  if (directoryCount > DIRECTORY_LIMIT)
    malformed(`${directoryCount} data directories`, optionalField('directoryCount'))
  if (header.optionalHeaderSize < OptionalHeader.size + directoryCount * DataDirectory.size)
    malformed('the data directories do not fit into the optional header', headerField('optionalHeaderSize'))
  if (header.sectionCount === 0 || header.sectionCount > SECTION_LIMIT)
    malformed(`${header.sectionCount} sections`, headerField('sectionCount'))
  const tableEnd = at.sections + header.sectionCount * SectionHeader.size
  requireBytes('the section table', at.sections, tableEnd - at.sections, headerField('sectionCount'))
  if (optional.headersSize < tableEnd || optional.headersSize > fileSize)
    malformed('the headers do not have the size that they say', optionalField('headersSize'))

  const directories = Array.from({ length: directoryCount }, (_, i) =>
    DataDirectory.read(view, at.directories + i * DataDirectory.size),
  )
  const sections = Array.from({ length: header.sectionCount }, (_, i) =>
    SectionHeader.read(view, at.sections + i * SectionHeader.size),
  )
  let address = alignUp(optional.headersSize, sectionAlignment)
  sections.forEach((section, i) => {
    const field = (name: keyof SectionHeader) =>
      at.sections + i * SectionHeader.size + SectionHeader.offsetOf(name)
    if (section.fileSize > 0 && section.fileOffset + section.fileSize > fileSize)
      malformed(`section ${i} lies beyond the end of the file`, field('fileOffset'))
    if (section.fileSize > 0 && section.fileOffset < optional.headersSize)
      malformed(`section ${i} lies in the headers`, field('fileOffset'))
    if (section.fileOffset % fileAlignment !== 0)
      malformed(`section ${i} is not aligned in the file`, field('fileOffset'))
    // The loader refuses gaps and overlaps too.
    if (section.address !== address)
      malformed(`section ${i} is not where the one before it ends`, field('address'))
    if (section.memorySize === 0) malformed(`section ${i} is empty`, field('memorySize'))
    address += alignUp(section.memorySize, sectionAlignment)
    if (address > IMAGE_LIMIT) malformed(`section ${i} lies beyond 2 GB`, field('memorySize'))
  })
  if (optional.imageSize !== address)
    malformed('the image is not as large as its sections', optionalField('imageSize'))
  directories.forEach(({ address: start, size }, i) => {
    if (size === 0) return
    const limit = i === pe.IMAGE_DIRECTORY_ENTRY_SECURITY ? fileSize : address
    if (start + size > limit)
      malformed(`data directory ${i} lies outside`, at.directories + i * DataDirectory.size)
  })
  return { file, bytes, at, header, optional, directories, sections }
}

/** `x64` or `arm64`. */
export function machineOf({ header }: PeFile): string {
  return MACHINES[header.machine]!
}

/** The section that an address lies in. */
export function sectionAt(
  { sections }: Pick<PeFile, 'sections'>,
  address: number,
): SectionHeader | undefined {
  return sections.find(
    (section) => address >= section.address && address < section.address + section.memorySize,
  )
}

/** What a section has in the file. */
export function sectionBytes(
  { bytes }: Pick<PeFile, 'bytes'>,
  { fileOffset, fileSize }: SectionHeader,
): Uint8Array {
  return bytes.subarray(fileOffset, fileOffset + fileSize)
}

/** Where in the file a data directory is, for messages and changes. */
export function directoryOffset({ at }: Pick<PeFile, 'at'>, index: number): number {
  return at.directories + index * DataDirectory.size
}
