// Reads a Mach-O file's header and load commands, and trusts nothing in them: whatever is returned lies inside the
// file, so that later stages can slice without checking again. The first bytes are enough, if they hold the commands.

import { viewOf } from '../../base/bytes.ts'
import { BuildError } from '../../base/diagnostics.ts'
import {
  CPU_TYPE_ARM64,
  CPU_TYPE_X86_64,
  FAT_MAGIC,
  FAT_MAGIC_64,
  LC_SEGMENT,
  LC_SEGMENT_64,
  MH_BUNDLE,
  MH_DYLIB,
  MH_EXECUTE,
  MH_MAGIC,
  MH_MAGIC_64,
  S_GB_ZEROFILL,
  S_THREAD_LOCAL_ZEROFILL,
  S_ZEROFILL,
  SECTION_TYPE,
} from './constants.ts'
import { tablesOf, type Table } from './linkedit.ts'
import {
  LoadCommand,
  MachHeader,
  NAME_SIZE,
  SECTION_FIELDS,
  SECTION_SIZE,
  SectionFields,
  SEGMENT_FIELDS,
  SEGMENT_SIZE,
  SegmentFields,
  type Command,
} from './structs.ts'

export interface MachOFile {
  /** The file's name, for messages. */
  readonly file: string
  /** From its start: all of it, or as much as was given. */
  readonly bytes: Uint8Array
  /** All of it. */
  readonly size: number
  readonly header: ReturnType<typeof MachHeader.read>
  readonly cpu: 'arm64' | 'x64'
  readonly commands: readonly Command[]
  /** By address and by file offset ascending. */
  readonly segments: readonly Segment[]
  /** What the commands say that lies in __LINKEDIT. */
  readonly tables: readonly Table[]
}

export interface Segment extends SegmentFields {
  readonly name: string
  readonly command: Command
  readonly sections: readonly Section[]
}

export interface Section extends SectionFields {
  readonly name: string
  /** Where it is described in the file. */
  readonly offset: number
}

export const LINKEDIT = '__LINKEDIT'

/** Beyond this an address is the kernel's. */
const USER_ADDRESS_LIMIT = 2 ** 47

type Malformed = (message: string, offset: number) => never

/**
 * @param bytes from its start, with all load commands
 * @param size of the whole file
 * @throws BuildError IMAGE_NOT_MACHO, IMAGE_WRONG_TARGET or IMAGE_MALFORMED, with the byte offset.
 */
export function readMachO(bytes: Uint8Array, file: string, size = bytes.length): MachOFile {
  const view = viewOf(bytes)
  const fail = (code: string, message: string, offset: number): never => {
    const help = 'pass a 64-bit macOS executable for one architecture'
    throw new BuildError(code, message, { at: { file, offset }, help })
  }
  const malformed: Malformed = (message, offset) => fail('IMAGE_MALFORMED', message, offset)

  if (bytes.length < 4) fail('IMAGE_NOT_MACHO', 'not a Mach-O file', 0)
  const magic = view.getUint32(0, true)
  if (magic === MH_MAGIC) fail('IMAGE_WRONG_TARGET', 'not a 64-bit Mach-O file', 0)
  if ([FAT_MAGIC, FAT_MAGIC_64].includes(view.getUint32(0)))
    fail('IMAGE_WRONG_TARGET', 'a universal file of several architectures', 0)
  if (magic !== MH_MAGIC_64) fail('IMAGE_NOT_MACHO', 'not a Mach-O file', 0)
  if (bytes.length < MachHeader.size) malformed('the Mach-O header is cut off', bytes.length)

  const header = MachHeader.read(view, 0)
  const cpu = header.cpuType === CPU_TYPE_ARM64 ? 'arm64' : 'x64'
  if (cpu === 'x64' && header.cpuType !== CPU_TYPE_X86_64) {
    const what = `CPU type 0x${header.cpuType.toString(16)} is neither arm64 nor x86-64`
    fail('IMAGE_WRONG_TARGET', what, MachHeader.offsetOf('cpuType'))
  }
  if (![MH_EXECUTE, MH_DYLIB, MH_BUNDLE].includes(header.fileType)) {
    const what = `file type ${header.fileType} is neither an executable nor a library`
    fail('IMAGE_WRONG_TARGET', what, MachHeader.offsetOf('fileType'))
  }
  const commands = readCommands(view, header, malformed)
  const segments = readSegments(bytes, size, commands, malformed)
  const tables = commands.flatMap((command) => tablesOf(view, command, malformed))
  checkTables(tables, segments, malformed)
  return { file, bytes, size, header, cpu, commands, segments, tables }
}

function readCommands(view: DataView, header: MachOFile['header'], malformed: Malformed): Command[] {
  const end = MachHeader.size + header.commandsSize
  if (end > view.byteLength)
    malformed('the load commands are cut off or too long', MachHeader.offsetOf('commandsSize'))
  const commands: Command[] = []
  let offset = MachHeader.size
  for (let i = 0; i < header.commandCount; i++) {
    if (offset + LoadCommand.size > end)
      malformed(`there are fewer than ${header.commandCount} load commands`, offset)
    const { type, size } = LoadCommand.read(view, offset)
    if (size < LoadCommand.size || size % 8 !== 0 || offset + size > end)
      malformed(`load command ${i} has ${size} bytes`, offset + LoadCommand.offsetOf('size'))
    commands.push({ type, offset, size })
    offset += size
  }
  if (offset !== end) malformed('something follows the last load command', offset)
  return commands
}

function readSegments(
  bytes: Uint8Array,
  size: number,
  commands: readonly Command[],
  malformed: Malformed,
): Segment[] {
  const segments: Segment[] = []
  for (const command of commands) {
    if (command.type === LC_SEGMENT) malformed('a segment of a 32-bit file', command.offset)
    if (command.type === LC_SEGMENT_64) segments.push(readSegment(bytes, command, malformed))
  }
  let addressEnd = 0
  let fileEnd = 0
  for (const segment of segments) {
    checkSegment(segment, size, malformed)
    const { name, virtualAddress, memorySize, fileOffset, fileSize } = segment
    if (virtualAddress < addressEnd)
      malformed(`segment ${name} overlaps the one before it`, segmentField(segment, 'virtualAddress'))
    if (fileSize > 0 && fileOffset < fileEnd)
      malformed(`segment ${name} overlaps the one before it in the file`, segmentField(segment, 'fileOffset'))
    addressEnd = virtualAddress + memorySize
    fileEnd = Math.max(fileEnd, fileOffset + fileSize)
  }
  return segments
}

function readSegment(bytes: Uint8Array, command: Command, malformed: Malformed): Segment {
  const view = viewOf(bytes)
  const { offset, size } = command
  if (size < SEGMENT_SIZE) malformed('a segment’s load command is too short', offset + 4)
  const fields = SegmentFields.read(view, offset + SEGMENT_FIELDS)
  const name = nameAt(bytes, offset + LoadCommand.size)
  if (size !== SEGMENT_SIZE + fields.sectionCount * SECTION_SIZE) {
    const field = offset + SEGMENT_FIELDS + SegmentFields.offsetOf('sectionCount')
    malformed(`segment ${name} says that it has ${fields.sectionCount} sections`, field)
  }
  const sections = Array.from({ length: fields.sectionCount }, (_, i) => {
    const start = offset + SEGMENT_SIZE + i * SECTION_SIZE
    return { name: nameAt(bytes, start), offset: start, ...SectionFields.read(view, start + SECTION_FIELDS) }
  })
  return { name, command, sections, ...fields }
}

function checkSegment(segment: Segment, size: number, malformed: Malformed): void {
  const { name, virtualAddress, memorySize, fileOffset, fileSize } = segment
  const at = (field: keyof SegmentFields) => segmentField(segment, field)
  if (fileOffset + fileSize > size)
    malformed(`segment ${name} lies beyond the end of the file`, at('fileOffset'))
  if (fileSize > memorySize)
    malformed(`segment ${name} is larger in the file than in memory`, at('memorySize'))
  if (virtualAddress + memorySize > USER_ADDRESS_LIMIT)
    malformed(`segment ${name} lies beyond user space`, at('virtualAddress'))
  if (virtualAddress % 4096 !== 0 || fileOffset % 4096 !== 0)
    malformed(`segment ${name} does not begin with a page`, at('virtualAddress'))
  for (const section of segment.sections) {
    const what = `section ${name},${section.name}`
    if (
      section.virtualAddress < virtualAddress ||
      section.virtualAddress + section.size > virtualAddress + memorySize
    )
      malformed(`${what} is not in its segment`, sectionField(section, 'virtualAddress'))
    if (takesNoRoom(section)) continue
    if (section.fileOffset < fileOffset || section.fileOffset + section.size > fileOffset + fileSize)
      malformed(`${what} is not in its segment’s part of the file`, sectionField(section, 'fileOffset'))
  }
}

function checkTables(tables: readonly Table[], segments: readonly Segment[], malformed: Malformed): void {
  const linkedit = segments.find(({ name }) => name === LINKEDIT)
  for (const { what, fileOffset, size, field } of tables) {
    const [start, end] = linkedit ? [linkedit.fileOffset, linkedit.fileOffset + linkedit.fileSize] : [0, 0]
    if (size > 0 && (fileOffset < start || fileOffset + size > end))
      malformed(`the ${what} is not in ${LINKEDIT}`, field)
  }
  let end = 0
  for (const { what, fileOffset, size, field } of tables.toSorted((a, b) => a.fileOffset - b.fileOffset)) {
    if (size === 0) continue
    if (fileOffset < end) malformed(`the ${what} overlaps what is before it in ${LINKEDIT}`, field)
    end = fileOffset + size
  }
}

/** The first of that name, whatever its segment. */
export function findSection({ segments }: MachOFile, name: string): Section | undefined {
  return segments.flatMap(({ sections }) => sections).find((section) => section.name === name)
}

/** Only zeros, which are not in the file. */
export function takesNoRoom({ flags, size }: SectionFields): boolean {
  return size === 0 || [S_ZEROFILL, S_GB_ZEROFILL, S_THREAD_LOCAL_ZEROFILL].includes(flags & SECTION_TYPE)
}

/** Where in the file a field of a segment is. */
export function segmentField({ command }: Pick<Segment, 'command'>, field: keyof SegmentFields): number {
  return command.offset + SEGMENT_FIELDS + SegmentFields.offsetOf(field)
}

/** Where in the file a field of a section is. */
export function sectionField({ offset }: Pick<Section, 'offset'>, field: keyof SectionFields): number {
  return offset + SECTION_FIELDS + SectionFields.offsetOf(field)
}

function nameAt(bytes: Uint8Array, offset: number): string {
  const name = bytes.subarray(offset, offset + NAME_SIZE)
  const end = name.indexOf(0)
  return Buffer.from(name.subarray(0, end === -1 ? NAME_SIZE : end)).toString('latin1')
}
