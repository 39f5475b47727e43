// Links node into a Windows executable that lacks only its payload.
//
// node's own sections stay where they are, but for its resources: theirs come last, in a section of their own, because
// the payload is one. That section is
//
//   tables (one page) | blob up to the payload's first byte | payload, rest of the blob | small resources
//
// The payload is appended to this file, and then all that follows from its size and from the program is written at
// once (append.ts): the tables, the header fields, and the small resources (version, icon, manifest) behind it.

import { alignUp, viewOf } from '../../base/bytes.ts'
import { BuildError } from '../../base/diagnostics.ts'
import { LICENSES } from '../../format/licenses.ts'
import type { Chunk } from '../../base/bytes.ts'
import type { LinkedBase } from '../image.ts'
import { emitSeaPrefix, SEA_FUSE, type SeaBlob } from '../sea.ts'
import * as pe from './constants.ts'
import { machineOf, readPe, directoryOffset, sectionAt, sectionBytes, type PeFile } from './read.ts'
import { readResources, TABLES_SIZE } from './resources.ts'
import { DataDirectory, SectionHeader } from './structs.ts'

export interface PeInputs {
  readonly node: Uint8Array
  /** The file's name, for messages. */
  readonly file: string
  readonly machine: 'x64' | 'arm64'
  readonly blob: SeaBlob
  /** Content of the asset `format/licenses.ts`. */
  readonly licenses: Uint8Array
}

/** What append.ts has to know of the base. Stored as JSON. */
export interface PeLayout {
  /** File offsets. */
  readonly optionalHeader: number
  readonly resourceDirectory: number
  /** The section header of the resources. */
  readonly resourceSection: number
  readonly resourceTables: number
  /** Where that section begins in memory, relative to the image's base. */
  readonly resourceAddress: number
  readonly sectionAlignment: number
  readonly fileAlignment: number
  /** initializedDataSize of everything else. */
  readonly dataSize: number
  /** Of the blob before and behind the payload, bytes. */
  readonly blobHead: number
  readonly blobTail: string
  /** node's own, as text. */
  readonly manifest: string
}

/** So that no page of the file is part of two sections, and can be mapped as it lies. */
const PAGE_SIZE = 4096

/** @throws BuildError IMAGE_NOT_PE, IMAGE_WRONG_TARGET, IMAGE_MALFORMED, IMAGE_NOT_NODE, each with the byte offset */
export function linkPe(inputs: PeInputs): LinkedBase {
  const node = readPe(inputs.node, inputs.file)
  if (machineOf(node) !== inputs.machine) {
    throw new BuildError('IMAGE_WRONG_TARGET', `machine ${machineOf(node)} is not ${inputs.machine}`, {
      at: { file: inputs.file, offset: node.at.header },
      help: 'pass the node.exe of the target',
    })
  }
  return emit(inputs, node, planSections(node))
}

interface Plan {
  /** node's sections but for the resources, where they now are, with what the file has of them. */
  readonly sections: readonly { readonly header: SectionHeader; readonly bytes: Uint8Array }[]
  readonly resources: {
    readonly fileOffset: number
    readonly address: number
    readonly characteristics: number
  }
  /** What the file had of the resources before. */
  readonly oldResourcesSize: number
  readonly manifest: string
}

const IMAGE_RELOCATIONS = '.reloc'

/** Without a gap in memory: what lay behind the resources moves up, which only the table of relocations can. */
function planSections(node: PeFile): Plan {
  const { optional, directories } = node
  const resources = directories[pe.IMAGE_DIRECTORY_ENTRY_RESOURCE]
  const old = resources && resources.size > 0 ? sectionAt(node, resources.address) : undefined
  if (!resources || old?.address !== resources.address)
    throw notNode(
      node,
      'it has no section of resources',
      directoryOffset(node, pe.IMAGE_DIRECTORY_ENTRY_RESOURCE),
    )
  const tables = sectionBytes(node, old)
  const manifest = readManifest(node, old, tables)

  const at = node.sections.indexOf(old)
  const kept = node.sections.slice(0, at).map((header) => ({ header, bytes: sectionBytes(node, header) }))
  let { address } = old
  let fileOffset = old.fileOffset
  for (const section of node.sections.slice(at + 1)) {
    const relocations = directories[pe.IMAGE_DIRECTORY_ENTRY_BASERELOC]
    if (nameOf(section) !== IMAGE_RELOCATIONS || relocations?.address !== section.address) {
      const offset = node.at.sections + node.sections.indexOf(section) * SectionHeader.size
      throw notNode(node, 'a section behind its resources is not the table of relocations', offset)
    }
    kept.push({ header: { ...section, address, fileOffset }, bytes: sectionBytes(node, section) })
    address += alignUp(section.memorySize, optional.sectionAlignment)
    fileOffset += section.fileSize
  }
  return {
    sections: kept,
    resources: {
      fileOffset: alignUp(fileOffset, Math.max(PAGE_SIZE, optional.fileAlignment)),
      address,
      characteristics: old.characteristics,
    },
    oldResourcesSize: old.fileSize,
    manifest,
  }
}

function readManifest(node: PeFile, section: SectionHeader, tables: Uint8Array): string {
  const all = readResources(tables, { file: node.file, offset: section.fileOffset })
  const found = all.find(({ type }) => type === pe.RT_MANIFEST)
  const start = (found?.address ?? 0) - section.address
  if (!found || start < 0 || start + found.size > tables.length)
    throw notNode(node, 'it has no manifest', section.fileOffset)
  return Buffer.from(tables.subarray(start, start + found.size)).toString()
}

function emit({ blob, licenses }: PeInputs, node: PeFile, plan: Plan): LinkedBase {
  const { resources, sections, manifest } = plan
  const { optional, at } = node
  const blobOffset = resources.fileOffset + TABLES_SIZE
  const prefix = emitSeaPrefix(
    { ...blob, assets: [...blob.assets, [LICENSES, licenses]] },
    blobOffset,
    PAGE_SIZE,
  )
  const headers = new Uint8Array(node.bytes.subarray(0, optional.headersSize))
  const view = viewOf(headers)
  const resourceSection = at.sections + sections.length * SectionHeader.size
  sections.forEach(({ header }, i) => SectionHeader.write(view, at.sections + i * SectionHeader.size, header))
  SectionHeader.write(view, resourceSection, {
    ...nameFields('.rsrc'),
    memorySize: 0,
    address: resources.address,
    fileSize: 0,
    fileOffset: resources.fileOffset,
    relocationsOffset: 0,
    lineNumbersOffset: 0,
    relocationCount: 0,
    lineNumberCount: 0,
    characteristics: resources.characteristics,
  })
  // What the file was signed with lies behind everything, and is of other bytes.
  const none = { address: 0, size: 0 }
  if (node.directories.length > pe.IMAGE_DIRECTORY_ENTRY_SECURITY)
    DataDirectory.write(view, directoryOffset(node, pe.IMAGE_DIRECTORY_ENTRY_SECURITY), none)
  const resourceDirectory = directoryOffset(node, pe.IMAGE_DIRECTORY_ENTRY_RESOURCE)
  DataDirectory.write(view, resourceDirectory, { address: resources.address, size: 0 })
  const relocations = sections.find(({ header }) => nameOf(header) === IMAGE_RELOCATIONS)
  const ofRelocations = node.directories[pe.IMAGE_DIRECTORY_ENTRY_BASERELOC]
  if (relocations && ofRelocations) {
    DataDirectory.write(view, directoryOffset(node, pe.IMAGE_DIRECTORY_ENTRY_BASERELOC), {
      ...ofRelocations,
      address: relocations.header.address,
    })
  }
  const body = sections
    .filter(({ bytes }) => bytes.length > 0)
    .map(({ header, bytes }) => ({ offset: header.fileOffset, bytes }))
  return {
    chunks: [{ offset: 0, bytes: headers }, ...withSwitch(node, body), { offset: blobOffset, bytes: prefix }],
    base: {
      size: blobOffset + prefix.length,
      slots: [],
      tail: '',
      starts: [
        { name: 'headers', offset: 0 },
        { name: 'runtime', offset: optional.headersSize },
        { name: 'bootstrap', offset: resources.fileOffset },
        { name: 'program', offset: blobOffset + prefix.length },
      ],
      parts: { runtime: resources.fileOffset, libraries: 0, bootstrap: TABLES_SIZE + prefix.length },
      pe: {
        optionalHeader: at.optional,
        resourceDirectory,
        resourceSection,
        resourceTables: resources.fileOffset,
        resourceAddress: resources.address,
        sectionAlignment: optional.sectionAlignment,
        fileAlignment: optional.fileAlignment,
        dataSize: optional.initializedDataSize - plan.oldResourcesSize,
        blobHead: prefix.length,
        blobTail: Buffer.from(blob.tail).toString('base64'),
        manifest,
      },
    },
  }
}

/** node looks for a program inside it if the character behind its fuse is a 1. */
function withSwitch(node: PeFile, body: readonly Chunk[]): Chunk[] {
  const found = body.flatMap((chunk) => {
    const { buffer, byteOffset, length } = chunk.bytes
    const bytes = Buffer.from(buffer, byteOffset, length)
    const first = bytes.indexOf(SEA_FUSE)
    if (first === -1) return []
    const second = bytes.indexOf(SEA_FUSE, first + 1)
    return [first, second].filter((at) => at !== -1).map((at) => ({ chunk, at }))
  })
  const [one, other] = found
  if (!one) throw notNode(node, 'it has no single-executable fuse', 0)
  if (other) throw notNode(node, 'it has two single-executable fuses', other.chunk.offset + other.at)
  return body.map((chunk) => {
    if (chunk !== one.chunk) return chunk
    const bytes = new Uint8Array(chunk.bytes)
    bytes[one.at + SEA_FUSE.length - 1] = '1'.charCodeAt(0)
    return { offset: chunk.offset, bytes }
  })
}

function nameOf({ name0, name1 }: SectionHeader): string {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32LE(name0, 0)
  bytes.writeUInt32LE(name1, 4)
  return bytes.toString('latin1').replace(/\0+$/, '')
}

function nameFields(name: string): Pick<SectionHeader, 'name0' | 'name1'> {
  const bytes = Buffer.alloc(8)
  bytes.write(name, 'latin1')
  return { name0: bytes.readUInt32LE(0), name1: bytes.readUInt32LE(4) }
}

function notNode(node: PeFile, why: string, offset: number): BuildError {
  return new BuildError('IMAGE_NOT_NODE', `this is not an official node executable: ${why}`, {
    at: { file: node.file, offset },
    help: 'use a node from the npm package of the target',
  })
}
