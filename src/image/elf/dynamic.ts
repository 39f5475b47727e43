// Reads what a shared object needs from others and offers to them: the names in its dynamic section
// and its symbol versions (gABI chapter 5, LSB symbol versioning).

import { viewOf } from '../../base/bytes.ts'
import { BuildError } from '../../base/diagnostics.ts'
import {
  DT_NEEDED,
  DT_NULL,
  DT_SONAME,
  DT_STRTAB,
  DT_VERDEF,
  DT_VERDEFNUM,
  DT_VERNEED,
  DT_VERNEEDNUM,
  PT_DYNAMIC,
  PT_INTERP,
  PT_LOAD,
  VER_FLG_WEAK,
} from './constants.ts'
import type { ElfFile } from './read.ts'
import {
  DynamicEntry,
  VersionDefinition,
  VersionDefinitionAux,
  VersionNeed,
  VersionNeedAux,
} from './structs.ts'

export interface DynamicInfo {
  readonly soname: string | undefined
  /** SONAMEs of DT_NEEDED, in order. */
  readonly needed: readonly string[]
  /** SONAME -> versions, such as GLIBC_2.34. */
  readonly neededVersions: ReadonlyMap<string, readonly string[]>
  readonly definedVersions: ReadonlySet<string>
  /** It is a program with an interpreter of its own. */
  readonly hasInterpreter: boolean
}

/** @throws BuildError IMAGE_MALFORMED */
export function readDynamic(elf: ElfFile): DynamicInfo {
  const view = viewOf(elf.bytes)
  const tags = dynamicTags(elf, view)
  const first = (tag: number) => tags.find((entry) => entry.tag === tag)?.value
  const strings = first(DT_STRTAB)
  const text = (offset: number) => readText(elf, offsetOf(elf, (strings ?? 0) + offset))
  const soname = first(DT_SONAME)
  return {
    soname: soname === undefined ? undefined : text(soname),
    needed: tags.filter((entry) => entry.tag === DT_NEEDED).map((entry) => text(entry.value)),
    neededVersions: readNeeds(elf, view, first(DT_VERNEED), first(DT_VERNEEDNUM) ?? 0, text),
    definedVersions: readDefinitions(elf, view, first(DT_VERDEF), first(DT_VERDEFNUM) ?? 0, text),
    hasInterpreter: elf.programHeaders.some((segment) => segment.type === PT_INTERP),
  }
}

export function dynamicTags(elf: ElfFile, view: DataView): { tag: number; value: number }[] {
  const segment = elf.programHeaders.find(({ type }) => type === PT_DYNAMIC)
  const tags: { tag: number; value: number }[] = []
  if (!segment) return tags
  const end = segment.fileOffset + segment.fileSize
  for (let at = segment.fileOffset; at + DynamicEntry.size <= end; at += DynamicEntry.size) {
    const entry = DynamicEntry.read(view, at)
    if (entry.tag === DT_NULL) break
    tags.push(entry)
  }
  return tags
}

function readNeeds(
  elf: ElfFile,
  view: DataView,
  address: number | undefined,
  count: number,
  text: (offset: number) => string,
) {
  const needs = new Map<string, string[]>()
  if (address === undefined) return needs
  let at = offsetOf(elf, address)
  for (let i = 0; i < count; i++) {
    const need = VersionNeed.read(view, checked(elf, at, VersionNeed.size))
    const versions: string[] = []
    let auxAt = at + need.aux
    for (let j = 0; j < need.count; j++) {
      const aux = VersionNeedAux.read(view, checked(elf, auxAt, VersionNeedAux.size))
      // A weak need is looked for and done without.
      if ((aux.flags & VER_FLG_WEAK) === 0) versions.push(text(aux.name))
      auxAt += aux.next
    }
    needs.set(text(need.file), versions)
    at += need.next
  }
  return needs
}

function readDefinitions(
  elf: ElfFile,
  view: DataView,
  address: number | undefined,
  count: number,
  text: (offset: number) => string,
) {
  const defined = new Set<string>()
  if (address === undefined) return defined
  let at = offsetOf(elf, address)
  for (let i = 0; i < count; i++) {
    const definition = VersionDefinition.read(view, checked(elf, at, VersionDefinition.size))
    const aux = VersionDefinitionAux.read(view, checked(elf, at + definition.aux, VersionDefinitionAux.size))
    defined.add(text(aux.name))
    at += definition.next
  }
  return defined
}

export function offsetOf(elf: ElfFile, address: number): number {
  const segment = elf.programHeaders.find(
    ({ type, virtualAddress, fileSize }) =>
      type === PT_LOAD && address >= virtualAddress && address < virtualAddress + fileSize,
  )
  if (!segment) throw malformed(elf, `address 0x${address.toString(16)} is in no segment`, 0)
  return segment.fileOffset + address - segment.virtualAddress
}

/** The other way; undefined of what no segment maps. */
export function addressAt(elf: ElfFile, fileOffset: number): number | undefined {
  const segment = elf.programHeaders.find(
    (it) => it.type === PT_LOAD && fileOffset >= it.fileOffset && fileOffset < it.fileOffset + it.fileSize,
  )
  return segment && segment.virtualAddress + fileOffset - segment.fileOffset
}

export function readText(elf: ElfFile, offset: number): string {
  const end = elf.bytes.indexOf(0, offset)
  if (end === -1) throw malformed(elf, 'a name does not end', offset)
  return Buffer.from(elf.bytes.subarray(offset, end)).toString('latin1')
}

function checked(elf: ElfFile, offset: number, size: number): number {
  if (offset + size > elf.bytes.length)
    throw malformed(elf, 'symbol versions lie beyond the end of the file', offset)
  return offset
}

export function malformed(elf: ElfFile, message: string, offset: number): BuildError {
  return new BuildError('IMAGE_MALFORMED', message, {
    at: { file: elf.file, offset },
    help: 'install the package again',
  })
}
