// PE structures (Microsoft's PE format specification: COFF header, optional header of PE32+, section table, .rsrc).

import { struct, type Values } from '../../format/struct.ts'

/** IMAGE_FILE_HEADER, behind the signature. */
export const FileHeader = struct({
  machine: 'u16',
  sectionCount: 'u16',
  timeDateStamp: 'u32',
  symbolTableOffset: 'u32',
  symbolCount: 'u32',
  optionalHeaderSize: 'u16',
  characteristics: 'u16',
})

/** IMAGE_OPTIONAL_HEADER64 without its data directories, which follow it. */
export const OptionalHeader = struct({
  magic: 'u16',
  majorLinkerVersion: 'u8',
  minorLinkerVersion: 'u8',
  codeSize: 'u32',
  initializedDataSize: 'u32',
  uninitializedDataSize: 'u32',
  entryAddress: 'u32',
  codeAddress: 'u32',
  imageBase: 'u64',
  sectionAlignment: 'u32',
  fileAlignment: 'u32',
  majorSystemVersion: 'u16',
  minorSystemVersion: 'u16',
  majorImageVersion: 'u16',
  minorImageVersion: 'u16',
  majorSubsystemVersion: 'u16',
  minorSubsystemVersion: 'u16',
  reserved: 'u32',
  imageSize: 'u32',
  headersSize: 'u32',
  checksum: 'u32',
  subsystem: 'u16',
  dllCharacteristics: 'u16',
  stackReserve: 'u64',
  stackCommit: 'u64',
  heapReserve: 'u64',
  heapCommit: 'u64',
  loaderFlags: 'u32',
  directoryCount: 'u32',
})

/** IMAGE_DATA_DIRECTORY */
export const DataDirectory = struct({ address: 'u32', size: 'u32' })
export type DataDirectory = Values<{ address: 'u32'; size: 'u32' }>

/** IMAGE_SECTION_HEADER. The name's eight bytes are two numbers. Addresses are relative to the image's base. */
export const SectionHeader = struct({
  name0: 'u32',
  name1: 'u32',
  memorySize: 'u32',
  address: 'u32',
  fileSize: 'u32',
  fileOffset: 'u32',
  relocationsOffset: 'u32',
  lineNumbersOffset: 'u32',
  relocationCount: 'u16',
  lineNumberCount: 'u16',
  characteristics: 'u32',
})
export type SectionHeader = ReturnType<typeof SectionHeader.read>

/** IMAGE_RESOURCE_DIRECTORY; its entries follow, those with names first. */
export const ResourceDirectory = struct({
  characteristics: 'u32',
  timeDateStamp: 'u32',
  majorVersion: 'u16',
  minorVersion: 'u16',
  nameCount: 'u16',
  idCount: 'u16',
})

/** IMAGE_RESOURCE_DIRECTORY_ENTRY. With HIGH_BIT: offset of a name, of a directory; else an id, an offset of data. */
export const ResourceDirectoryEntry = struct({ name: 'u32', offset: 'u32' })
export const HIGH_BIT = 0x8000_0000

/** IMAGE_RESOURCE_DATA_ENTRY */
export const ResourceDataEntry = struct({ address: 'u32', size: 'u32', codepage: 'u32', reserved: 'u32' })
