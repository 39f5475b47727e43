// Structures of mach-o/loader.h, mach-o/nlist.h, mach-o/fixup-chains.h (little-endian), 64-bit only.

import { struct, type Values } from '../../format/struct.ts'

/** mach_header_64 */
export const MachHeader = struct({
  magic: 'u32',
  cpuType: 'u32',
  cpuSubtype: 'u32',
  fileType: 'u32',
  commandCount: 'u32',
  commandsSize: 'u32',
  flags: 'u32',
  reserved: 'u32',
})

/** load_command: how each of them begins. */
export const LoadCommand = struct({ type: 'u32', size: 'u32' })

/** One of them, and where it begins in the file. */
export interface Command {
  readonly type: number
  readonly offset: number
  readonly size: number
}

/** Names of segments and sections: padded with zeros. */
export const NAME_SIZE = 16

/** segment_command_64 behind its name */
const SEGMENT = {
  virtualAddress: 'u64',
  memorySize: 'u64',
  fileOffset: 'u64',
  fileSize: 'u64',
  maximumProtection: 'u32',
  protection: 'u32',
  sectionCount: 'u32',
  flags: 'u32',
} as const
export const SegmentFields = struct(SEGMENT)
export type SegmentFields = Values<typeof SEGMENT>
/** From the command's start. */
export const SEGMENT_FIELDS = LoadCommand.size + NAME_SIZE
export const SEGMENT_SIZE = SEGMENT_FIELDS + SegmentFields.size

/** section_64 behind its own name and its segment's */
const SECTION = {
  virtualAddress: 'u64',
  size: 'u64',
  fileOffset: 'u32',
  /** A power of two. */
  alignment: 'u32',
  relocationsOffset: 'u32',
  relocationCount: 'u32',
  flags: 'u32',
  reserved1: 'u32',
  reserved2: 'u32',
  reserved3: 'u32',
} as const
export const SectionFields = struct(SECTION)
export type SectionFields = Values<typeof SECTION>
/** From the section's start. */
export const SECTION_FIELDS = 2 * NAME_SIZE
export const SECTION_SIZE = SECTION_FIELDS + SectionFields.size

/** linkedit_data_command behind type and size */
export const LinkeditData = struct({ fileOffset: 'u32', size: 'u32' })

/** dysymtab_command behind type and size; its other fields are tables (linkedit.ts). */
export const SymbolRanges = struct({
  localIndex: 'u32',
  localCount: 'u32',
  definedIndex: 'u32',
  definedCount: 'u32',
  undefinedIndex: 'u32',
  undefinedCount: 'u32',
})

/** nlist_64 */
export const Symbol = struct({ name: 'u32', type: 'u8', section: 'u8', description: 'u16', value: 'u64' })

/** build_version_command behind type and size */
export const BuildVersion = struct({ platform: 'u32', minimum: 'u32', sdk: 'u32', toolCount: 'u32' })

/** dyld_chained_fixups_header; offsets from its start */
export const ChainedFixups = struct({
  version: 'u32',
  startsOffset: 'u32',
  importsOffset: 'u32',
  symbolsOffset: 'u32',
  importCount: 'u32',
  importsFormat: 'u32',
  symbolsFormat: 'u32',
})

// kern/cs_blobs.h: all of these are big-endian.

/** CS_GenericBlob */
export const BlobHeader = struct({ magic: 'u32', length: 'u32' }, 'big')

/** CS_BlobIndex; in a CS_SuperBlob they follow the header and their number, u32. */
export const SlotIndex = struct({ slot: 'u32', offset: 'u32' }, 'big')

/** CS_CodeDirectory as of version 0x20500 */
export const CodeDirectory = struct(
  {
    magic: 'u32',
    length: 'u32',
    version: 'u32',
    flags: 'u32',
    hashOffset: 'u32',
    identifierOffset: 'u32',
    specialSlotCount: 'u32',
    codeSlotCount: 'u32',
    codeLimit: 'u32',
    hashSize: 'u8',
    hashType: 'u8',
    platform: 'u8',
    pageSize: 'u8',
    spare2: 'u32',
    scatterOffset: 'u32',
    teamOffset: 'u32',
    spare3: 'u32',
    codeLimit64: 'u64',
    executableStart: 'u64',
    executableLimit: 'u64',
    executableFlags: 'u64',
    runtime: 'u32',
    preEncryptOffset: 'u32',
  },
  'big',
)
