// For tests only: a small PE file that has all that the linker looks for in node, laid out as node.exe is.

import { alignUp, viewOf } from '../../base/bytes.ts'
import { SEA_FUSE } from '../sea.ts'
import * as pe from './constants.ts'
import { writeResources, type PlacedResource } from './resources.ts'
import { DataDirectory, FileHeader, OptionalHeader, SectionHeader } from './structs.ts'

/** File offsets of its headers. */
export const AT = { signature: 0x80, header: 0x84, optional: 0x98, directories: 0x108, sections: 0x188 }
export const HEADERS_SIZE = 0x400
export const MANIFEST = '<assembly>\n  <trustInfo/>\n</assembly>\n'

/** In this order. */
const SECTIONS = ['.text', '.rdata', '.rsrc', '.reloc'] as const
const FILE_ALIGNMENT = 0x200
const MEMORY_ALIGNMENT = 0x1000

interface PeFields {
  readonly machine?: number
  /** By section. */
  readonly content?: Partial<Record<(typeof SECTIONS)[number], Uint8Array>>
}

export function makePe({ machine = pe.IMAGE_FILE_MACHINE_AMD64, content = {} }: PeFields = {}): Buffer {
  const contents: Record<(typeof SECTIONS)[number], Uint8Array> = {
    '.text': Buffer.alloc(0x123, 0xcc),
    '.rdata': Buffer.concat([Buffer.alloc(16, 0xaa), Buffer.from(SEA_FUSE), Buffer.alloc(4097)]),
    '.rsrc': resources(0x4000),
    '.reloc': Buffer.from('0010000010000000', 'hex'),
    ...content,
  }
  let address = MEMORY_ALIGNMENT
  let fileOffset = HEADERS_SIZE
  const sections = SECTIONS.map((name) => {
    const bytes = contents[name]
    const section = { name, bytes, address, fileOffset, fileSize: alignUp(bytes.length, FILE_ALIGNMENT) }
    address += alignUp(bytes.length, MEMORY_ALIGNMENT)
    fileOffset += section.fileSize
    return section
  })
  const certificate = Buffer.alloc(0x28, 'signed')
  const file = Buffer.alloc(fileOffset + certificate.length)
  const view = viewOf(file)
  view.setUint16(0, pe.IMAGE_DOS_SIGNATURE, true)
  view.setUint32(pe.E_LFANEW, AT.signature, true)
  view.setUint32(AT.signature, pe.IMAGE_NT_SIGNATURE, true)
  FileHeader.write(view, AT.header, {
    machine,
    sectionCount: sections.length,
    timeDateStamp: 0,
    symbolTableOffset: 0,
    symbolCount: 0,
    optionalHeaderSize: OptionalHeader.size + 16 * DataDirectory.size,
    characteristics: pe.IMAGE_FILE_EXECUTABLE_IMAGE | 0x20,
  })
  OptionalHeader.write(view, AT.optional, {
    ...NOTHING,
    magic: pe.IMAGE_NT_OPTIONAL_HDR64_MAGIC,
    codeSize: FILE_ALIGNMENT,
    initializedDataSize: sections.slice(1).reduce((sum, { fileSize }) => sum + fileSize, 0),
    entryAddress: MEMORY_ALIGNMENT,
    codeAddress: MEMORY_ALIGNMENT,
    imageBase: 0x1_4000_0000,
    sectionAlignment: MEMORY_ALIGNMENT,
    fileAlignment: FILE_ALIGNMENT,
    majorSystemVersion: 6,
    majorSubsystemVersion: 6,
    imageSize: address,
    headersSize: HEADERS_SIZE,
    subsystem: pe.IMAGE_SUBSYSTEM_WINDOWS_CUI,
    directoryCount: 16,
  })
  const directory = (index: number, address: number, size: number) =>
    DataDirectory.write(view, AT.directories + index * DataDirectory.size, { address, size })
  const placeOf = (name: string) => sections.find((section) => section.name === name)!
  directory(pe.IMAGE_DIRECTORY_ENTRY_RESOURCE, placeOf('.rsrc').address, contents['.rsrc'].length)
  directory(pe.IMAGE_DIRECTORY_ENTRY_BASERELOC, placeOf('.reloc').address, contents['.reloc'].length)
  directory(pe.IMAGE_DIRECTORY_ENTRY_SECURITY, fileOffset, certificate.length)
  sections.forEach(({ name, bytes, address, fileOffset, fileSize }, i) => {
    const at = AT.sections + i * SectionHeader.size
    SectionHeader.write(view, at, {
      name0: 0,
      name1: 0,
      memorySize: bytes.length,
      address,
      fileSize,
      fileOffset,
      relocationsOffset: 0,
      lineNumbersOffset: 0,
      relocationCount: 0,
      lineNumberCount: 0,
      characteristics: pe.IMAGE_SCN_CNT_INITIALIZED_DATA | 0x4000_0000,
    })
    file.write(name, at, 'latin1')
    file.set(bytes, fileOffset)
  })
  file.set(certificate, fileOffset)
  return file
}

const NOTHING = OptionalHeader.read(new DataView(new ArrayBuffer(OptionalHeader.size)), 0)

/** A manifest and an icon, with their data. @param address of the section */
function resources(address: number): Buffer {
  const manifest = Buffer.from(MANIFEST)
  const place = (resource: Partial<PlacedResource>): PlacedResource => ({
    type: pe.RT_ICON,
    name: 1,
    language: pe.LANG_EN_US,
    codepage: 0,
    address: address + 0x100,
    size: 40,
    ...resource,
  })
  const tables = writeResources([
    place({}),
    place({ type: pe.RT_MANIFEST, address: address + 0x200, size: manifest.length }),
  ])
  const bytes = Buffer.alloc(0x200 + manifest.length)
  bytes.set(tables)
  bytes.set(manifest, 0x200)
  return bytes
}
