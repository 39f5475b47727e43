// The last step but the signature: base + payload. Everything behind the payload moves with its size.

import { alignUp, viewOf, type Chunk } from '../../base/bytes.ts'
import { BuildError } from '../../base/diagnostics.ts'
import { LC_UUID } from './constants.ts'
import { placeTable } from './linkedit.ts'
import { BLOB_SECTION, BLOB_SEGMENT, INFO_SECTION, MEMORY_PAGE } from './layout.ts'
import type { MachOBase } from './link.ts'
import { LINKEDIT, readMachO, sectionField, segmentField, type Section, type Segment } from './read.ts'
import { LoadCommand } from './structs.ts'

export interface MachOProgram {
  readonly payloadSize: number
  /** Of 16 bytes. macOS tells programs from one another by it, as for access to the local network: node's is every program's. */
  readonly uuid: Uint8Array
  readonly info: Uint8Array
}

export interface MachOAppendPlan {
  /** Written over the base. */
  readonly patches: readonly Chunk[]
  /** Between the payload and what was in __LINKEDIT. */
  readonly tail: Uint8Array
  /** Size of the executable without its signature. */
  readonly size: number
}

/** Offsets in __LINKEDIT are u32; a signature takes a 128th of what it covers. */
const FILE_LIMIT = 2 ** 32 - 2 ** 26

/** @throws BuildError PAYLOAD_TOO_LARGE, INFO_PLIST_TOO_LARGE */
export function planMachO(base: MachOBase, program: MachOProgram): MachOAppendPlan {
  const { payloadSize } = program
  const head = Buffer.from(base.head, 'base64')
  const blobTail = Buffer.from(base.blobTail, 'base64')
  const blobSize = base.size - base.blobOffset + payloadSize + blobTail.length
  const end = base.blobOffset + alignUp(blobSize, MEMORY_PAGE)
  const { linkedit } = base
  const size = end + linkedit.size
  if (size > FILE_LIMIT) {
    throw new BuildError(
      'PAYLOAD_TOO_LARGE',
      `the program has ${payloadSize} bytes, the limit is ${payloadSize - (size - FILE_LIMIT)}`,
      { help: 'embed less, and read the rest from disk' },
    )
  }
  const macho = readMachO(head, 'base', linkedit.fileOffset + linkedit.size)
  const moved = end - linkedit.fileOffset
  const view = viewOf(head)
  const grow = (segment: Segment, field: Parameters<typeof segmentField>[1]) =>
    view.setBigUint64(segmentField(segment, field), BigInt(segment[field] + moved), true)
  const resize = (section: Section, size: number) =>
    view.setBigUint64(sectionField(section, 'size'), BigInt(size), true)
  const named = (name: string) => macho.segments.find((segment) => segment.name === name)!

  const blob = named(BLOB_SEGMENT)
  grow(blob, 'memorySize')
  grow(blob, 'fileSize')
  const section = blob.sections.find(({ name }) => name === BLOB_SECTION)!
  resize(section, section.size + payloadSize)
  grow(named(LINKEDIT), 'virtualAddress')
  grow(named(LINKEDIT), 'fileOffset')
  for (const table of macho.tables) {
    if (table.fileOffset !== 0) placeTable(head, table, table.fileOffset + moved, table.size)
  }
  for (const { type, offset } of macho.commands)
    if (type === LC_UUID) head.set(program.uuid, offset + LoadCommand.size)

  const info = checkInfo(base, program.info)
  const infoSection = named('__TEXT').sections.find(({ name }) => name === INFO_SECTION)
  if (infoSection) resize(infoSection, program.info.length)
  const padding = end - base.size - payloadSize - blobTail.length
  return {
    // The asset's length is the last field before the payload.
    patches: [{ offset: 0, bytes: head }, { offset: base.size - 8, bytes: u64(payloadSize) }, ...info],
    tail: Buffer.concat([blobTail, new Uint8Array(padding)]),
    size,
  }
}

function checkInfo({ info }: MachOBase, bytes: Uint8Array): Chunk[] {
  if (bytes.length === 0) return []
  if (!info || bytes.length > info.limit) {
    const room = info?.limit ?? 0
    throw new BuildError(
      'INFO_PLIST_TOO_LARGE',
      `the Info.plist has ${bytes.length} bytes, and node has room for ${room}`,
      {
        help: 'leave out what is not needed, or put the executable into a bundle with an Info.plist of its own',
      },
    )
  }
  return [{ offset: info.fileOffset, bytes }]
}

function u64(value: number): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}
