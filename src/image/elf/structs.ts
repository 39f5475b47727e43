// ELF64 structures (ELF-64 Object File Format, version 1.5, figures 2, 6 and section 8).

import { struct, type Values } from '../../format/struct.ts'

/** Elf64_Ehdr after its 16 bytes of e_ident. */
export const FileHeader = struct({
  type: 'u16',
  machine: 'u16',
  version: 'u32',
  entry: 'u64',
  programHeaderOffset: 'u64',
  sectionHeaderOffset: 'u64',
  flags: 'u32',
  headerSize: 'u16',
  programHeaderSize: 'u16',
  programHeaderCount: 'u16',
  sectionHeaderSize: 'u16',
  sectionHeaderCount: 'u16',
  sectionNameIndex: 'u16',
})
/** Size of e_ident, which is where FileHeader begins. */
export const IDENT_SIZE = 16

/** Elf64_Phdr */
export const ProgramHeader = struct({
  type: 'u32',
  flags: 'u32',
  fileOffset: 'u64',
  virtualAddress: 'u64',
  physicalAddress: 'u64',
  fileSize: 'u64',
  memorySize: 'u64',
  alignment: 'u64',
})
export type ProgramHeader = Values<{
  type: 'u32'
  flags: 'u32'
  fileOffset: 'u64'
  virtualAddress: 'u64'
  physicalAddress: 'u64'
  fileSize: 'u64'
  memorySize: 'u64'
  alignment: 'u64'
}>

/** Elf64_Nhdr; the name follows, then the descriptor, each padded to four bytes. */
export const NoteHeader = struct({ nameSize: 'u32', descriptorSize: 'u32', type: 'u32' })

/** Elf64_Dyn */
export const DynamicEntry = struct({ tag: 'u64', value: 'u64' })

/** Elf64_Sym */
export const Symbol = struct({
  name: 'u32',
  info: 'u8',
  other: 'u8',
  section: 'u16',
  value: 'u64',
  size: 'u64',
})

/** Elf64_Rela */
export const Relocation = struct({ offset: 'u64', info: 'u64', addend: 'u64' })

/** Elf64_Verneed and Elf64_Vernaux (LSB, symbol versioning) */
export const VersionNeed = struct({ version: 'u16', count: 'u16', file: 'u32', aux: 'u32', next: 'u32' })
export const VersionNeedAux = struct({ hash: 'u32', flags: 'u16', other: 'u16', name: 'u32', next: 'u32' })

/** Elf64_Verdef and Elf64_Verdaux */
export const VersionDefinition = struct({
  version: 'u16',
  flags: 'u16',
  index: 'u16',
  count: 'u16',
  hash: 'u32',
  aux: 'u32',
  next: 'u32',
})
export const VersionDefinitionAux = struct({ name: 'u32', next: 'u32' })
