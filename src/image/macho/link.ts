// Links node and the single-executable blob into one executable that lacks only its payload, and its signature.
//
// node's segments stay where they are, in the file and in memory, but the last one: __LINKEDIT has to be the last,
// because the signature ends it. The blob's segment takes its place, and what was in it goes behind the payload.
// Everything that says where something in __LINKEDIT lies is in the load commands.

import { alignUp, viewOf, type Chunk } from '../../base/bytes.ts'
import { PAGE_SIZE } from '../../format/archive.ts'
import { emitSeaPrefix, type SeaBlob } from '../sea.ts'
import { withSegment } from './chained-fixups.ts'
import { checkNode, findSeaSwitch } from './check.ts'
import {
  LC_CODE_SIGNATURE,
  LC_DYLD_CHAINED_FIXUPS,
  LC_SEGMENT_64,
  LC_SYMTAB,
  VM_PROT_READ,
} from './constants.ts'
import { NEEDED_ENTITLEMENTS } from './entitlements.ts'
import { BLOB_SECTION, BLOB_SEGMENT, INFO_SECTION, MEMORY_PAGE, SIGNATURE_ALIGNMENT } from './layout.ts'
import { placeTable, type Table } from './linkedit.ts'
import { LINKEDIT, segmentField, type MachOFile, type Segment } from './read.ts'
import {
  LinkeditData,
  LoadCommand,
  MachHeader,
  NAME_SIZE,
  SECTION_FIELDS,
  SECTION_SIZE,
  SectionFields,
  SEGMENT_FIELDS,
  SEGMENT_SIZE,
  SegmentFields,
  SymbolRanges,
} from './structs.ts'
import { externalSymbols, renumberSections, type Contents } from './symbols.ts'

export interface MachOInputs {
  readonly node: MachOFile
  readonly blob: SeaBlob
  /** Names; undefined: node is not signed. */
  readonly entitlements?: readonly string[] | undefined
}

/** An executable with an empty payload, without signature. Its bytes are stored elsewhere. */
export interface MachOBase {
  /** The payload's first byte comes here. */
  readonly size: number
  /** Where the segment begins that the payload is in. */
  readonly blobOffset: number
  /** Header and load commands as they are with an empty payload, base64. */
  readonly head: string
  /** What ends the blob, behind the payload, base64. */
  readonly blobTail: string
  /** The content of __LINKEDIT, on the next page. */
  readonly linkedit: { readonly fileOffset: number; readonly size: number }
  /** That the program needs, of those that node itself has. */
  readonly entitlements: readonly string[]
  /** Where an Info.plist may be written, and how large it may be; undefined: there is no room. */
  readonly info: { readonly fileOffset: number; readonly limit: number } | undefined
}

export interface LinkedMachO {
  readonly chunks: readonly Chunk[]
  readonly base: MachOBase
}

/** @throws BuildError IMAGE_NOT_NODE, IMAGE_MALFORMED */
export function linkMachO({ node, blob, entitlements = NEEDED_ENTITLEMENTS }: MachOInputs): LinkedMachO {
  const { linkedit, headEnd, refuse } = checkNode(node)
  const room =
    headEnd - MachHeader.size - node.header.commandsSize - INSERTED_SEGMENT - missingSignature(node)
  if (room < 0)
    refuse('there is no room for another load command', MachHeader.size + node.header.commandsSize)
  const info = room >= SECTION_SIZE ? roomForInfo(node) : undefined
  const content = emitLinkedit(node, info?.number, refuse)

  const prefix = emitSeaPrefix(blob, linkedit.fileOffset, PAGE_SIZE)
  const blobSize = prefix.length + blob.tail.length
  const segmentSize = alignUp(blobSize, MEMORY_PAGE)
  const moved = linkedit.fileOffset + segmentSize
  const head = new Uint8Array(node.bytes.subarray(0, headEnd))
  for (const { table, offset, size } of content.places) placeTable(head, table, moved + offset, size)
  if (content.ranges) SymbolRanges.write(viewOf(head), content.ranges.offset, content.ranges.values)
  SegmentFields.write(viewOf(head), linkedit.command.offset + SEGMENT_FIELDS, {
    ...linkedit,
    virtualAddress: linkedit.virtualAddress + segmentSize,
    memorySize: alignUp(content.bytes.length, MEMORY_PAGE),
    fileOffset: moved,
    fileSize: content.bytes.length,
  })
  const commands = insertCommands(node, head, {
    beforeLinkedit: segmentCommand(linkedit, segmentSize, blobSize),
    infoSection: info?.section,
    last: signatureCommand(node, moved + content.bytes.length),
  })

  const bytes = new Uint8Array(node.bytes.subarray(0, linkedit.fileOffset))
  bytes.fill(0, 0, headEnd)
  bytes.set(commands)
  bytes[findSeaSwitch(node, linkedit, refuse)] = '1'.charCodeAt(0)
  return {
    chunks: [
      { offset: 0, bytes },
      { offset: linkedit.fileOffset, bytes: prefix },
      { offset: linkedit.fileOffset + prefix.length, bytes: blob.tail },
      { offset: moved, bytes: content.bytes },
    ],
    base: {
      size: linkedit.fileOffset + prefix.length,
      blobOffset: linkedit.fileOffset,
      head: Buffer.from(commands).toString('base64'),
      blobTail: Buffer.from(blob.tail).toString('base64'),
      linkedit: { fileOffset: moved, size: content.bytes.length },
      entitlements: NEEDED_ENTITLEMENTS.filter((name) => entitlements.includes(name)),
      info: info && { fileOffset: info.section.fileOffset, limit: info.limit },
    },
  }
}

type Refuse = (why: string, offset: number) => never

interface Content {
  readonly bytes: Uint8Array
  /** From the start of `bytes`. */
  readonly places: readonly { readonly table: Table; readonly offset: number; readonly size: number }[]
  readonly ranges:
    | { readonly offset: number; readonly values: Parameters<typeof SymbolRanges.write>[2] }
    | undefined
}

/** Without node's signature and its local symbols. */
function emitLinkedit(node: MachOFile, insertedSection: number | undefined, refuse: Refuse): Content {
  const external = externalSymbols(node)
  const contents: Contents = external?.contents ?? new Map()
  const contentOf = (table: Table) => {
    const { fileOffset, size } = table
    const bytes = contents.get(table) ?? new Uint8Array(node.bytes.subarray(fileOffset, fileOffset + size))
    if (insertedSection !== undefined && table.of === LC_SYMTAB && table.what === 'symbol table')
      renumberSections(bytes, insertedSection)
    if (table.of !== LC_DYLD_CHAINED_FIXUPS || size === 0) return bytes
    return withSegment(bytes, node.segments.length - 1, (why, offset) => refuse(why, fileOffset + offset))
  }
  let end = 0
  const parts: Uint8Array[] = []
  const places = node.tables
    .filter(({ of, fileOffset }) => of !== LC_CODE_SIGNATURE && fileOffset !== 0)
    .toSorted((a, b) => a.fileOffset - b.fileOffset || a.size - b.size)
    .map((table) => {
      const offset = alignUp(end, 8)
      const bytes = contentOf(table)
      parts.push(new Uint8Array(offset - end), bytes)
      end = offset + bytes.length
      return { table, offset, size: bytes.length }
    })
  const whole = alignUp(end, SIGNATURE_ALIGNMENT)
  parts.push(new Uint8Array(whole - end))
  // Apple's tools want one behind the other, without a gap before the signature: linkers make names longer for that.
  const last = places.at(-1)
  if (last?.table.of === LC_SYMTAB && last.table.what === 'string table') last.size = whole - last.offset
  // Not there yet: it comes behind all of this.
  const signature = node.tables
    .filter(({ of }) => of === LC_CODE_SIGNATURE)
    .map((table) => ({ table, offset: whole, size: 0 }))
  return {
    bytes: Buffer.concat(parts),
    places: [...places, ...signature],
    ranges: external && { offset: external.rangesOffset, values: external.ranges },
  }
}

/** A segment with one section. */
const INSERTED_SEGMENT = SEGMENT_SIZE + SECTION_SIZE

function segmentCommand(linkedit: Segment, segmentSize: number, blobSize: number): Uint8Array {
  const bytes = new Uint8Array(INSERTED_SEGMENT)
  const view = viewOf(bytes)
  LoadCommand.write(view, 0, { type: LC_SEGMENT_64, size: bytes.length })
  bytes.set(Buffer.from(BLOB_SEGMENT), LoadCommand.size)
  SegmentFields.write(view, SEGMENT_FIELDS, {
    virtualAddress: linkedit.virtualAddress,
    memorySize: segmentSize,
    fileOffset: linkedit.fileOffset,
    fileSize: segmentSize,
    maximumProtection: VM_PROT_READ,
    protection: VM_PROT_READ,
    sectionCount: 1,
    flags: 0,
  })
  bytes.set(
    describeSection(BLOB_SECTION, BLOB_SEGMENT, {
      virtualAddress: linkedit.virtualAddress,
      fileOffset: linkedit.fileOffset,
      size: blobSize,
      alignment: 4,
    }),
    SEGMENT_SIZE,
  )
  return bytes
}

function describeSection(
  name: string,
  segment: string,
  fields: Pick<SectionFields, 'virtualAddress' | 'fileOffset' | 'size' | 'alignment'>,
): Uint8Array {
  const bytes = new Uint8Array(SECTION_SIZE)
  bytes.set(Buffer.from(name))
  bytes.set(Buffer.from(segment), NAME_SIZE)
  const none = {
    relocationsOffset: 0,
    relocationCount: 0,
    flags: 0,
    reserved1: 0,
    reserved2: 0,
    reserved3: 0,
  }
  SectionFields.write(viewOf(bytes), SECTION_FIELDS, { ...none, ...fields })
  return bytes
}

interface InfoRoom {
  readonly section: { readonly virtualAddress: number; readonly fileOffset: number }
  readonly limit: number
  /** Of the section, counted from 1 in the whole file. */
  readonly number: number
}

/** Behind the last section of __TEXT, up to the end of its last page, there is nothing. */
function roomForInfo({ segments, bytes }: MachOFile): InfoRoom | undefined {
  const index = segments.findIndex(({ name }) => name === '__TEXT')
  const text = segments[index]
  if (!text) return undefined
  const count = (list: readonly Segment[]) => list.reduce((sum, { sections }) => sum + sections.length, 0)
  const end = Math.max(...text.sections.map((section) => section.fileOffset + section.size))
  const fileOffset = alignUp(end, SIGNATURE_ALIGNMENT)
  const limit = text.fileOffset + text.fileSize - fileOffset
  // A symbol has one byte for its section's number.
  if (limit < 0 || count(segments) > 254) return undefined
  if (bytes.subarray(end, fileOffset + limit).some((byte) => byte !== 0)) return undefined
  const virtualAddress = text.virtualAddress + fileOffset - text.fileOffset
  return { section: { fileOffset, virtualAddress }, limit, number: count(segments.slice(0, index + 1)) + 1 }
}

function missingSignature({ commands }: MachOFile): number {
  return commands.some(({ type }) => type === LC_CODE_SIGNATURE) ? 0 : LoadCommand.size + LinkeditData.size
}

function signatureCommand(node: MachOFile, fileOffset: number): Uint8Array {
  const bytes = new Uint8Array(missingSignature(node))
  if (bytes.length === 0) return bytes
  LoadCommand.write(viewOf(bytes), 0, { type: LC_CODE_SIGNATURE, size: bytes.length })
  LinkeditData.write(viewOf(bytes), LoadCommand.size, { fileOffset, size: 0 })
  return bytes
}

interface Inserted {
  readonly beforeLinkedit: Uint8Array
  readonly infoSection: InfoRoom['section'] | undefined
  /** Empty if there is nothing to add. */
  readonly last: Uint8Array
}

/** The header and all load commands. */
function insertCommands(node: MachOFile, head: Uint8Array, inserted: Inserted): Uint8Array {
  const parts = node.commands.flatMap(({ offset, size }) => {
    const bytes = head.subarray(offset, offset + size)
    const segment = node.segments.find(({ command }) => command.offset === offset)
    if (segment?.name === LINKEDIT) return [inserted.beforeLinkedit, bytes]
    if (segment?.name === '__TEXT' && inserted.infoSection)
      return [withSection(bytes, segment, inserted.infoSection)]
    return [bytes]
  })
  const all = Buffer.concat([...parts, inserted.last])
  const header = new Uint8Array(MachHeader.size)
  MachHeader.write(viewOf(header), 0, {
    ...node.header,
    commandCount: node.commands.length + 1 + (inserted.last.length > 0 ? 1 : 0),
    commandsSize: all.length,
  })
  return Buffer.concat([header, all])
}

/** The segment's command with an empty section for an Info.plist. */
function withSection(bytes: Uint8Array, segment: Segment, place: InfoRoom['section']): Uint8Array {
  const longer = Buffer.concat([
    bytes,
    describeSection(INFO_SECTION, segment.name, { ...place, size: 0, alignment: 0 }),
  ])
  const view = viewOf(longer)
  const from = segment.command.offset
  view.setUint32(LoadCommand.offsetOf('size'), longer.length, true)
  view.setUint32(segmentField(segment, 'sectionCount') - from, segment.sectionCount + 1, true)
  return longer
}
