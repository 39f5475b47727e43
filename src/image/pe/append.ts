// The last step of a Windows executable: what follows from the payload's size, and what the program looks like.

import { alignUp, viewOf, type Chunk } from '../../base/bytes.ts'
import { BuildError } from '../../base/diagnostics.ts'
import * as pe from './constants.ts'
import type { PeLayout } from './link.ts'
import { IMAGE_LIMIT } from './read.ts'
import { TABLES_SIZE, writeResources, type ResourceKey } from './resources.ts'
import { DataDirectory, OptionalHeader, SectionHeader } from './structs.ts'

/** A small resource of the program's: its version, an icon, the manifest. */
export interface Resource extends ResourceKey {
  readonly codepage: number
  readonly data: Uint8Array
}

export interface PeAppendPlan {
  /** Written over the base; all at even offsets, for the checksum. */
  readonly patches: readonly Chunk[]
  /** What follows the payload. */
  readonly tail: Uint8Array
  readonly size: number
}

/** The name that node's blob has (node_sea.cc). */
const BLOB_NAME = 'NODE_SEA_BLOB'
/** Of small resources, as linkers have it. */
const RESOURCE_ALIGNMENT = 8

/** @throws BuildError PAYLOAD_TOO_LARGE, WINDOWS_RESOURCES */
export function planPeAppend(
  base: { readonly size: number; readonly layout: PeLayout },
  payloadSize: number,
  { resources, subsystem }: { resources: readonly Resource[]; subsystem: 'console' | 'gui' },
): PeAppendPlan {
  const { layout } = base
  const blobTail = Buffer.from(layout.blobTail, 'base64')
  const blob = {
    type: pe.RT_RCDATA,
    name: BLOB_NAME,
    language: pe.LANG_NEUTRAL,
    codepage: 0,
    address: layout.resourceAddress + TABLES_SIZE,
    size: layout.blobHead + payloadSize + blobTail.length,
  }
  // Addresses count from the section's start.
  let end = TABLES_SIZE + blob.size
  const placed = resources.map(({ data, ...resource }) => {
    const at = alignUp(end, RESOURCE_ALIGNMENT)
    end = at + data.length
    return { ...resource, data, at, address: layout.resourceAddress + at, size: data.length }
  })
  const tables = writeResources([blob, ...placed])
  if (tables.length > TABLES_SIZE) {
    throw new BuildError('WINDOWS_RESOURCES', `${resources.length} resources are too many`, {
      help: 'use an icon of fewer images: Windows looks for 16, 32, 48 and 256 pixels',
    })
  }
  const imageSize = alignUp(layout.resourceAddress + end, layout.sectionAlignment)
  if (imageSize > IMAGE_LIMIT) {
    const limit = payloadSize - (imageSize - IMAGE_LIMIT)
    throw new BuildError('PAYLOAD_TOO_LARGE', `the program has ${payloadSize} bytes, the limit is ${limit}`, {
      help: 'embed less, and read the rest from disk',
    })
  }
  const fileSize = alignUp(end, layout.fileAlignment)
  const tail = new Uint8Array(fileSize - TABLES_SIZE - layout.blobHead - payloadSize)
  tail.set(blobTail)
  for (const { data, at } of placed) tail.set(data, at - TABLES_SIZE - layout.blobHead - payloadSize)

  const inOptional = (field: Parameters<typeof OptionalHeader.offsetOf>[0]) =>
    layout.optionalHeader + OptionalHeader.offsetOf(field)
  const inSection = (field: Parameters<typeof SectionHeader.offsetOf>[0]) =>
    layout.resourceSection + SectionHeader.offsetOf(field)
  const subsystems = { console: pe.IMAGE_SUBSYSTEM_WINDOWS_CUI, gui: pe.IMAGE_SUBSYSTEM_WINDOWS_GUI }
  return {
    tail,
    size: layout.resourceTables + fileSize,
    patches: [
      number(inOptional('initializedDataSize'), 4, layout.dataSize + fileSize),
      number(inOptional('imageSize'), 4, imageSize),
      number(inOptional('subsystem'), 2, subsystems[subsystem]),
      number(layout.resourceDirectory + DataDirectory.offsetOf('size'), 4, end),
      number(inSection('memorySize'), 4, end),
      number(inSection('fileSize'), 4, fileSize),
      { offset: layout.resourceTables, bytes: tables },
      // The asset's length is the last field before the payload.
      number(base.size - 8, 8, payloadSize),
    ],
  }
}

function number(offset: number, width: 2 | 4 | 8, value: number): Chunk {
  const bytes = new Uint8Array(width)
  const view = viewOf(bytes)
  if (width === 8) view.setBigUint64(0, BigInt(value), true)
  else if (width === 4) view.setUint32(0, value, true)
  else view.setUint16(0, value, true)
  return { offset, bytes }
}
