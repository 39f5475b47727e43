// What the linker needs of node and of ld.so beyond their being sound ELF files: what is not
// refused here would become an executable that the kernel does not start, or an unsafe one.

import { BuildError } from '../../base/diagnostics.ts'
import { ET_DYN, ET_EXEC, PF_W, PF_X, PT_LOAD } from './constants.ts'
import * as layout from './layout.ts'
import { machineOf } from './machine.ts'
import { segmentField, type ElfFile } from './read.ts'
import { FileHeader, IDENT_SIZE, type ProgramHeader } from './structs.ts'

export function loadsOf(elf: Pick<ElfFile, 'programHeaders'>): ProgramHeader[] {
  return elf.programHeaders.filter((segment) => segment.type === PT_LOAD)
}

type Refuse = (why: string, offset: number) => never
const inHeader = (field: Parameters<typeof FileHeader.offsetOf>[0]) => IDENT_SIZE + FileHeader.offsetOf(field)

/** @throws BuildError IMAGE_NOT_NODE, with the byte offset */
export function checkNode(node: ElfFile, maximumHeaders: number): void {
  const refuse: Refuse = (why, offset) => {
    throw new BuildError('IMAGE_NOT_NODE', `this is not laid out like an official node executable: ${why}`, {
      at: { file: node.file, offset },
      help: 'use a node from the npm package of the target, or one built with the same options (not PIE)',
    })
  }
  if (node.header.type !== ET_EXEC) refuse('it is position independent', inHeader('type'))
  if (node.programHeaders.length > maximumHeaders)
    refuse('it has too many program headers', inHeader('programHeaderCount'))
  checkLoads(node, layout.LAUNCHER_TEXT, refuse)
  const [first] = loadsOf(node)
  if (first!.fileOffset !== 0 || first!.fileSize < IDENT_SIZE + FileHeader.size) {
    refuse('its first segment does not hold the ELF header', segmentField(node, first!, 'fileOffset'))
  }
}

/** @throws BuildError LOADER_UNKNOWN, with the byte offset */
export function checkLoader(loader: ElfFile): void {
  const refuse: Refuse = (why, offset) => {
    throw unknownLoader(loader, why, offset)
  }
  if (loader.header.type !== ET_DYN) refuse('it is not position independent', inHeader('type'))
  checkLoads(loader, layout.SYSTEM_BASE - layout.LOADER_BASE, refuse)
  const loads = loadsOf(loader)
  const last = loads.at(-1)!
  for (const segment of loads) {
    // The zeros of .bss are written out, which only works behind everything else.
    if (segment !== last && segment.memorySize > segment.fileSize) {
      refuse('a segment other than its last has .bss', segmentField(loader, segment, 'memorySize'))
    }
    if (segment.fileOffset + segment.fileSize > last.fileOffset + last.fileSize) {
      refuse('its segments are out of order', segmentField(loader, segment, 'fileOffset'))
    }
  }
}

export function unknownLoader(elf: ElfFile, why: string, offset: number): BuildError {
  return new BuildError('LOADER_UNKNOWN', `this ld.so cannot be embedded: ${why}`, {
    at: { file: elf.file, offset },
    help: 'let Ingot fetch the pinned Debian 12 glibc (it needs apt), or build on Debian 12',
  })
}

/** W^X, no page that belongs to two segments (kernels before 5.4 refuse those), whatever size it has, all below `limit`. */
function checkLoads(elf: ElfFile, limit: number, refuse: Refuse): void {
  const { pageSize } = machineOf(elf)
  let pagesEnd = 0
  for (const segment of loadsOf(elf)) {
    const { flags, virtualAddress, memorySize } = segment
    if (flags & PF_W && flags & PF_X)
      refuse('a segment is writable and executable', segmentField(elf, segment, 'flags'))
    if (Math.floor(virtualAddress / pageSize) < pagesEnd) {
      refuse('two segments share a page', segmentField(elf, segment, 'virtualAddress'))
    }
    pagesEnd = Math.ceil((virtualAddress + memorySize) / pageSize)
    if (pagesEnd * pageSize > limit) refuse('it is too large', segmentField(elf, segment, 'memorySize'))
  }
  const { entry } = elf.header
  const holdsEntry = loadsOf(elf).some(
    ({ flags, virtualAddress, fileSize }) =>
      flags & PF_X && entry >= virtualAddress && entry < virtualAddress + fileSize,
  )
  if (!holdsEntry) refuse('its entry is not code', inHeader('entry'))
}
