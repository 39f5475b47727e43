// A small Mach-O file with all that the linker looks at in node: four segments, chained fixups, symbols, a fuse.

import { alignUp, viewOf } from '../../base/bytes.ts'
import * as names from './constants.ts'
import {
  BuildVersion,
  ChainedFixups,
  MachHeader,
  NAME_SIZE,
  SECTION_FIELDS,
  SECTION_SIZE,
  SectionFields,
  SEGMENT_FIELDS,
  SEGMENT_SIZE,
  SegmentFields,
  Symbol,
  SymbolRanges,
} from './structs.ts'

const PAGE = 0x4000
const BASE = 0x1_0000_0000
const TEXT_START = 0x1000
const LINKEDIT_START = 2 * PAGE
/** Of `__cstring`. */
export const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:0'

export interface MachOFields {
  readonly cpu?: 'arm64' | 'x64'
  /** Space for load commands beyond those that there are. */
  readonly room?: number
  readonly hasSignature?: boolean
  /** Load commands besides the usual. */
  readonly more?: readonly Uint8Array[]
}

interface SectionInput {
  readonly name: string
  readonly fileOffset: number
  readonly size: number
  readonly flags?: number
  readonly virtualAddress?: number
}

interface SegmentInput extends Pick<
  SegmentFields,
  'virtualAddress' | 'memorySize' | 'fileOffset' | 'fileSize' | 'protection'
> {
  readonly name: string
  readonly sections?: readonly SectionInput[]
}

/** @param fields the body's size must be a multiple of eight */
export function command(type: number, body: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(alignUp(8 + body.length, 8))
  bytes.writeUInt32LE(type)
  bytes.writeUInt32LE(bytes.length, 4)
  bytes.set(body, 8)
  return bytes
}

function words(...values: number[]): Uint8Array {
  const bytes = Buffer.alloc(4 * values.length)
  values.forEach((value, i) => bytes.writeUInt32LE(value, 4 * i))
  return bytes
}

function segment({ name, sections = [], ...fields }: SegmentInput): Uint8Array {
  const bytes = Buffer.alloc(SEGMENT_SIZE + sections.length * SECTION_SIZE)
  const view = viewOf(bytes)
  bytes.write(name, 8)
  SegmentFields.write(view, SEGMENT_FIELDS, {
    maximumProtection: fields.protection,
    sectionCount: sections.length,
    flags: 0,
    ...fields,
  })
  sections.forEach(({ name: sectionName, ...section }, i) => {
    const start = SEGMENT_SIZE + i * SECTION_SIZE
    bytes.write(sectionName, start)
    bytes.write(name, start + NAME_SIZE)
    SectionFields.write(view, start + SECTION_FIELDS, {
      virtualAddress: fields.virtualAddress + section.fileOffset - fields.fileOffset,
      alignment: 0,
      relocationsOffset: 0,
      relocationCount: 0,
      flags: 0,
      reserved1: 0,
      reserved2: 0,
      reserved3: 0,
      ...section,
    })
  })
  return command(names.LC_SEGMENT_64, bytes.subarray(8))
}

/** Of four segments, of which the third has fixups. */
function chainedFixups(): Uint8Array {
  const startsOffset = 32
  const starts = words(4, 0, 0, 24, 0)
  const inSegment = Buffer.alloc(24)
  inSegment.writeUInt32LE(24)
  inSegment.writeUInt16LE(PAGE, 4)
  inSegment.writeUInt16LE(6, 6) // DYLD_CHAINED_PTR_64_OFFSET
  inSegment.writeBigUInt64LE(BigInt(PAGE), 8)
  inSegment.writeUInt16LE(1, 20)
  inSegment.writeUInt16LE(0xffff, 22) // DYLD_CHAINED_PTR_START_NONE
  const importsOffset = startsOffset + 24 + inSegment.length
  const bytes = Buffer.alloc(importsOffset + 16)
  ChainedFixups.write(viewOf(bytes), 0, {
    version: 0,
    startsOffset,
    importsOffset,
    symbolsOffset: importsOffset + 4,
    importCount: 1,
    importsFormat: 1,
    symbolsFormat: 0,
  })
  bytes.set(starts, startsOffset)
  bytes.set(inSegment, startsOffset + 24)
  bytes.writeUInt32LE(0x201, importsOffset)
  bytes.write('\0_puts\0', importsOffset + 4)
  return bytes
}

/** Two local ones, one that is defined in the second section, and one that is imported. */
function symbolTable(): { symbols: Uint8Array; strings: Uint8Array } {
  const list = [
    { name: '_local', type: 0x0e, section: 1, value: BASE + TEXT_START },
    { name: '_other_local', type: 0x0e, section: 3, value: BASE + PAGE },
    { name: '_defined', type: 0x0f, section: 3, value: BASE + PAGE + 8 },
    { name: '_puts', type: 0x01, section: 0, value: 0 },
  ]
  const symbols = Buffer.alloc(list.length * Symbol.size)
  let strings = ' \0'
  list.forEach(({ name, ...symbol }, i) => {
    Symbol.write(viewOf(symbols), i * Symbol.size, { name: strings.length, description: 0, ...symbol })
    strings += `${name}\0`
  })
  return { symbols, strings: Buffer.from(strings) }
}

/** An executable as node is one; what no content covers in __TEXT and __DATA is a pattern, never zeros, up to the end of sections. */
export function makeMachO({
  cpu = 'arm64',
  room = 0x200,
  hasSignature = false,
  more = [],
}: MachOFields = {}): Buffer {
  const { symbols, strings } = symbolTable()
  const parts: Uint8Array[] = [chainedFixups(), Buffer.from('exports.'), Buffer.from('starts..'), symbols]
  parts.push(words(3, names.INDIRECT_SYMBOL_LOCAL), strings)
  let end = LINKEDIT_START
  const places = parts.map((bytes) => {
    const offset = alignUp(end, 8)
    end = offset + bytes.length
    return { offset, size: bytes.length }
  })
  const [fixups, exports, starts, symbolsAt, indirect, stringsAt] = places as [
    Place,
    Place,
    Place,
    Place,
    Place,
    Place,
  ]
  const signature = { offset: alignUp(end, 16), size: 48 }
  const size = hasSignature ? signature.offset + signature.size : end

  const ranges = Buffer.alloc(72)
  SymbolRanges.write(viewOf(ranges), 0, {
    localIndex: 0,
    localCount: 2,
    definedIndex: 2,
    definedCount: 1,
    undefinedIndex: 3,
    undefinedCount: 1,
  })
  ranges.writeUInt32LE(indirect.offset, 48)
  ranges.writeUInt32LE(indirect.size / 4, 52)
  const version = Buffer.alloc(BuildVersion.size)
  BuildVersion.write(viewOf(version), 0, { platform: 1, minimum: 0xd0500, sdk: 0xf0500, toolCount: 0 })

  const makeCommands = (textStart: number) => [
    segment({
      name: '__PAGEZERO',
      virtualAddress: 0,
      memorySize: BASE,
      fileOffset: 0,
      fileSize: 0,
      protection: 0,
    }),
    segment({
      name: '__TEXT',
      virtualAddress: BASE,
      memorySize: PAGE,
      fileOffset: 0,
      fileSize: PAGE,
      protection: 5,
      sections: [
        { name: '__text', fileOffset: textStart, size: 0x100 },
        { name: '__cstring', fileOffset: textStart + 0x100, size: FUSE.length + 1 },
      ],
    }),
    segment({
      name: '__DATA',
      virtualAddress: BASE + PAGE,
      memorySize: 2 * PAGE,
      fileOffset: PAGE,
      fileSize: PAGE,
      protection: 3,
      sections: [
        { name: '__data', fileOffset: PAGE, size: 0x100 },
        {
          name: '__bss',
          fileOffset: 0,
          virtualAddress: BASE + 2 * PAGE,
          size: 0x800,
          flags: names.S_ZEROFILL,
        },
      ],
    }),
    segment({
      name: '__LINKEDIT',
      virtualAddress: BASE + 3 * PAGE,
      memorySize: PAGE,
      fileOffset: LINKEDIT_START,
      fileSize: size - LINKEDIT_START,
      protection: 1,
    }),
    command(names.LC_DYLD_CHAINED_FIXUPS, words(fixups.offset, fixups.size)),
    command(names.LC_DYLD_EXPORTS_TRIE, words(exports.offset, exports.size)),
    command(
      names.LC_SYMTAB,
      words(symbolsAt.offset, symbolsAt.size / Symbol.size, stringsAt.offset, stringsAt.size),
    ),
    command(names.LC_DYSYMTAB, ranges),
    command(names.LC_LOAD_DYLINKER, Buffer.from('\x0c\0\0\0/usr/lib/dyld\0')),
    command(names.LC_UUID, Buffer.alloc(16, 0x11)),
    command(names.LC_BUILD_VERSION, version),
    command(names.LC_MAIN, Buffer.concat([words(textStart, 0), Buffer.alloc(8)])),
    command(
      names.LC_LOAD_DYLIB,
      Buffer.concat([words(24, 2, 0x10000, 0x10000), Buffer.from('/usr/lib/libSystem.B.dylib\0')]),
    ),
    command(names.LC_FUNCTION_STARTS, words(starts.offset, starts.size)),
    command(names.LC_DATA_IN_CODE, words(symbolsAt.offset, 0)),
    ...more,
    ...(hasSignature ? [command(names.LC_CODE_SIGNATURE, words(signature.offset, signature.size))] : []),
  ]
  const length = Buffer.concat(makeCommands(0x1000)).length
  const textStart = MachHeader.size + length + room
  const commands = Buffer.concat(makeCommands(textStart))
  const bytes = Buffer.alloc(size)
  MachHeader.write(viewOf(bytes), 0, {
    magic: names.MH_MAGIC_64,
    cpuType: cpu === 'arm64' ? names.CPU_TYPE_ARM64 : names.CPU_TYPE_X86_64,
    cpuSubtype: cpu === 'arm64' ? 0 : 3,
    fileType: names.MH_EXECUTE,
    commandCount: makeCommands(textStart).length,
    commandsSize: commands.length,
    flags: 0x200085,
    reserved: 0,
  })
  bytes.set(commands, MachHeader.size)
  for (let i = 0; i < 0x100; i++) bytes[textStart + i] = bytes[PAGE + i] = (i * 7) & 0xff
  bytes.write(`${FUSE}\0`, textStart + 0x100)
  places.forEach(({ offset }, i) => bytes.set(parts[i]!, offset))
  if (hasSignature) bytes.fill('s', signature.offset)
  return bytes
}

interface Place {
  readonly offset: number
  readonly size: number
}
