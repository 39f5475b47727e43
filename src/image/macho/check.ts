// What the linker needs of node beyond its being a sound Mach-O file: what is not refused here would become an
// executable that macOS does not start.

import { BuildError } from '../../base/diagnostics.ts'
import { SEA_FUSE } from '../sea.ts'
import {
  LC_BUILD_VERSION,
  LC_LOAD_DYLIB,
  LC_LOAD_DYLINKER,
  LC_LOAD_UPWARD_DYLIB,
  LC_LOAD_WEAK_DYLIB,
  LC_MAIN,
  LC_REEXPORT_DYLIB,
  LC_RPATH,
  LC_SEGMENT_64,
  LC_SOURCE_VERSION,
  LC_UUID,
  LC_VERSION_MIN_MACOSX,
  MH_EXECUTE,
} from './constants.ts'
import { TABLE_COMMANDS } from './linkedit.ts'
import { LINKEDIT, sectionField, segmentField, takesNoRoom, type MachOFile, type Segment } from './read.ts'
import { MachHeader } from './structs.ts'

/** Load commands that say nothing about places in __LINKEDIT. */
const PLACELESS = [
  LC_SEGMENT_64,
  LC_LOAD_DYLIB,
  LC_LOAD_WEAK_DYLIB,
  LC_REEXPORT_DYLIB,
  LC_LOAD_UPWARD_DYLIB,
  LC_LOAD_DYLINKER,
  LC_RPATH,
  LC_UUID,
  LC_BUILD_VERSION,
  LC_VERSION_MIN_MACOSX,
  LC_SOURCE_VERSION,
  LC_MAIN,
]

/** uuid_command */
const UUID_COMMAND = 24

export interface CheckedNode {
  readonly linkedit: Segment
  /** Where the first section begins: load commands may grow up to here. */
  readonly headEnd: number
  readonly refuse: (why: string, offset: number) => never
}

/** @throws BuildError IMAGE_NOT_NODE, with the byte offset */
export function checkNode(node: MachOFile): CheckedNode {
  const { file, header, commands, segments } = node
  const refuse = (why: string, offset: number): never => {
    throw new BuildError('IMAGE_NOT_NODE', `this is not laid out like an official node executable: ${why}`, {
      at: { file, offset },
      help: 'use a node from the npm package of the target, or one built with the same options',
    })
  }
  if (header.fileType !== MH_EXECUTE) refuse('it is a library', MachHeader.offsetOf('fileType'))
  for (const { type, offset, size } of commands) {
    if (type === LC_UUID && size !== UUID_COMMAND)
      refuse(`its UUID’s load command has ${size} bytes`, offset + 4)
    if (PLACELESS.includes(type) || TABLE_COMMANDS.includes(type)) continue
    refuse(`it has a load command of type 0x${type.toString(16)}`, offset)
  }
  const linkedit = segments.at(-1)
  if (!linkedit || linkedit.name !== LINKEDIT || linkedit.sectionCount > 0)
    return refuse(`its last segment is not ${LINKEDIT}`, linkedit?.command.offset ?? MachHeader.size)
  if (linkedit.fileOffset + linkedit.fileSize !== node.size)
    refuse(`${LINKEDIT} is not the end of the file`, segmentField(linkedit, 'fileSize'))
  const page = node.cpu === 'arm64' ? 0x4000 : 0x1000
  for (const field of ['fileOffset', 'virtualAddress'] as const) {
    if (linkedit[field] % page !== 0)
      refuse(`${LINKEDIT} does not begin with a page`, segmentField(linkedit, field))
  }
  const inFile = segments.slice(0, -1).filter(({ fileSize }) => fileSize > 0)
  const [text] = inFile
  if (text?.name !== '__TEXT' || text.fileOffset !== 0)
    return refuse('its first segment is not __TEXT', text?.command.offset ?? MachHeader.size)
  for (const segment of inFile) {
    if (segment.fileOffset + segment.fileSize > linkedit.fileOffset)
      refuse(`${segment.name} lies behind ${LINKEDIT}`, segmentField(segment, 'fileOffset'))
    for (const section of segment.sections) {
      if (section.relocationCount > 0)
        refuse(`${section.name} has relocations`, sectionField(section, 'relocationCount'))
    }
  }
  const sections = text.sections.filter((section) => !takesNoRoom(section))
  if (sections.length === 0) refuse('it has no code', text.command.offset)
  return { linkedit, headEnd: Math.min(...sections.map(({ fileOffset }) => fileOffset)), refuse }
}

/** Where it is in the file. */
export function findSeaSwitch(
  { bytes }: MachOFile,
  linkedit: Segment,
  refuse: CheckedNode['refuse'],
): number {
  const { buffer, byteOffset } = bytes
  const at = Buffer.from(buffer, byteOffset, linkedit.fileOffset).indexOf(SEA_FUSE)
  if (at === -1) refuse('it has no single-executable fuse', 0)
  return at + SEA_FUSE.length - 1
}
