// An ad-hoc code signature: hashes of all pages before it and of what it says about the program, and nobody's key. It
// is what `codesign --sign - --options runtime` makes, in the form of kern/cs_blobs.h; all numbers are big-endian.
// arm64 starts nothing without one.

import { alignUp, viewOf, type Chunk } from '../../base/bytes.ts'
import { BuildError } from '../../base/diagnostics.ts'
import {
  CS_ADHOC,
  CS_EXECSEG_MAIN_BINARY,
  CS_HASHTYPE_SHA256,
  CS_RUNTIME,
  CS_SUPPORTSRUNTIME,
  CSMAGIC_BLOBWRAPPER,
  CSMAGIC_CODEDIRECTORY,
  CSMAGIC_EMBEDDED_DER_ENTITLEMENTS,
  CSMAGIC_EMBEDDED_ENTITLEMENTS,
  CSMAGIC_EMBEDDED_SIGNATURE,
  CSMAGIC_REQUIREMENTS,
  CSSLOT_CODEDIRECTORY,
  CSSLOT_DER_ENTITLEMENTS,
  CSSLOT_ENTITLEMENTS,
  CSSLOT_INFOSLOT,
  CSSLOT_REQUIREMENTS,
  CSSLOT_SIGNATURESLOT,
  LC_BUILD_VERSION,
  LC_CODE_SIGNATURE,
} from './constants.ts'
import { entitlementsDer, entitlementsXml } from './entitlements.ts'
import { HASH_SIZE, INFO_SECTION, MEMORY_PAGE, SIGNATURE_ALIGNMENT, type Source } from './layout.ts'
import { placeTable } from './linkedit.ts'
import { readHead } from './read-head.ts'
import { findSection, LINKEDIT, segmentField, type MachOFile } from './read.ts'
import { BlobHeader, BuildVersion, CodeDirectory, LoadCommand, SlotIndex } from './structs.ts'

export interface SigningOptions {
  readonly identifier: string
  readonly entitlements: readonly string[]
}

/** Of the code, not of memory: what codesign uses on all machines. */
const CODE_PAGE_BITS = 12
/** Read at once. */
const RUN = 2 ** 22

/**
 * Signs an executable whose last table is its signature's, which may be empty.
 * @param source up to its signature
 * @returns what to write over the file's head, and behind its end
 * @throws BuildError IMAGE_…
 */
export function signMachO(source: Source, options: SigningOptions): Chunk[] {
  const { size, file } = source
  const macho = readHead(source)
  const table = macho.tables.find(({ of }) => of === LC_CODE_SIGNATURE)
  const linkedit = macho.segments.find(({ name }) => name === LINKEDIT)
  const text = macho.segments.find(({ name }) => name === '__TEXT')
  if (!table || !linkedit || !text || table.fileOffset !== size) {
    throw new BuildError('IMAGE_MALFORMED', 'there is no place for a signature behind all else', {
      at: { file, offset: table?.field ?? 0 },
      help: 'pass an executable that Ingot has linked',
    })
  }
  const special = specialSlots(macho, source, options)
  const pageCount = Math.ceil(size / 2 ** CODE_PAGE_BITS)
  const directorySize =
    CodeDirectory.size +
    Buffer.byteLength(options.identifier) +
    1 +
    (LAST_SPECIAL_SLOT + pageCount) * HASH_SIZE
  const blobs = [...special].filter(([slot]) => slot !== CSSLOT_INFOSLOT)
  const index = (blobs.length + 2) * SlotIndex.size
  const length = SUPER_BLOB_SIZE + index + directorySize + BlobHeader.size
  const signatureSize = alignUp(
    blobs.reduce((sum, [, { length }]) => sum + length, length),
    SIGNATURE_ALIGNMENT,
  )

  // First what says how large it is: those bytes are signed too.
  const head = new Uint8Array(macho.bytes)
  placeTable(head, table, size, signatureSize)
  const fileSize = size + signatureSize - linkedit.fileOffset
  const view = viewOf(head)
  view.setBigUint64(segmentField(linkedit, 'fileSize'), BigInt(fileSize), true)
  const memorySize = alignUp(fileSize, MEMORY_PAGE)
  view.setBigUint64(segmentField(linkedit, 'memorySize'), BigInt(memorySize), true)

  const hashes = hashPages(withHead(source, head))
  const directory = emitDirectory({
    source,
    options,
    special,
    hashes,
    directorySize,
    textSize: text.fileSize,
    macho,
  })
  const superBlob = emitSuperBlob([
    [CSSLOT_CODEDIRECTORY, directory],
    ...blobs,
    [CSSLOT_SIGNATURESLOT, blob(CSMAGIC_BLOBWRAPPER)],
  ])
  const signature = new Uint8Array(signatureSize)
  signature.set(superBlob)
  return [
    { offset: 0, bytes: head },
    { offset: size, bytes: signature },
  ]
}

/** Header and number of blobs. */
const SUPER_BLOB_SIZE = BlobHeader.size + 4
const LAST_SPECIAL_SLOT = CSSLOT_DER_ENTITLEMENTS

/** What is signed besides the pages; of an Info.plist only the hash is in the signature. */
function specialSlots(
  macho: MachOFile,
  { read }: Source,
  { entitlements }: SigningOptions,
): Map<number, Uint8Array> {
  const slots = new Map<number, Uint8Array>()
  const info = findSection(macho, INFO_SECTION)
  if (info && info.size > 0) slots.set(CSSLOT_INFOSLOT, read(info.fileOffset, info.size))
  slots.set(CSSLOT_REQUIREMENTS, blob(CSMAGIC_REQUIREMENTS, new Uint8Array(4)))
  if (entitlements.length === 0) return slots
  slots.set(CSSLOT_ENTITLEMENTS, blob(CSMAGIC_EMBEDDED_ENTITLEMENTS, entitlementsXml(entitlements)))
  slots.set(CSSLOT_DER_ENTITLEMENTS, blob(CSMAGIC_EMBEDDED_DER_ENTITLEMENTS, entitlementsDer(entitlements)))
  return slots
}

/** The file with another head. */
function withHead(source: Source, head: Uint8Array): Source {
  return {
    ...source,
    read(offset, size) {
      const bytes = source.read(offset, size)
      if (offset >= head.length) return bytes
      const changed = new Uint8Array(bytes)
      changed.set(head.subarray(offset, offset + size))
      return changed
    },
  }
}

function hashPages({ read, size, sha256 }: Source): Uint8Array {
  const page = 2 ** CODE_PAGE_BITS
  const hashes = new Uint8Array(Math.ceil(size / page) * HASH_SIZE)
  let at = 0
  for (let offset = 0; offset < size; offset += RUN) {
    const run = read(offset, Math.min(RUN, size - offset))
    for (let start = 0; start < run.length; start += page) {
      hashes.set(sha256(run.subarray(start, start + page)), at)
      at += HASH_SIZE
    }
  }
  return hashes
}

interface Signed {
  readonly source: Source
  readonly macho: MachOFile
  readonly textSize: number
  readonly options: SigningOptions
  readonly special: ReadonlyMap<number, Uint8Array>
  readonly hashes: Uint8Array
  readonly directorySize: number
}

function emitDirectory(signed: Signed): Uint8Array {
  const { source, macho, textSize, options, special, hashes, directorySize } = signed
  const bytes = Buffer.alloc(directorySize)
  const hashOffset = directorySize - hashes.length
  CodeDirectory.write(viewOf(bytes), 0, {
    magic: CSMAGIC_CODEDIRECTORY,
    length: directorySize,
    version: CS_SUPPORTSRUNTIME,
    flags: CS_ADHOC | CS_RUNTIME,
    hashOffset,
    identifierOffset: CodeDirectory.size,
    specialSlotCount: LAST_SPECIAL_SLOT,
    codeSlotCount: hashes.length / HASH_SIZE,
    codeLimit: source.size,
    hashSize: HASH_SIZE,
    hashType: CS_HASHTYPE_SHA256,
    platform: 0,
    pageSize: CODE_PAGE_BITS,
    spare2: 0,
    scatterOffset: 0,
    teamOffset: 0,
    spare3: 0,
    codeLimit64: 0,
    executableStart: 0,
    executableLimit: textSize,
    executableFlags: CS_EXECSEG_MAIN_BINARY,
    runtime: sdkOf(macho),
    preEncryptOffset: 0,
  })
  bytes.write(options.identifier, CodeDirectory.size)
  for (const [slot, content] of special) bytes.set(source.sha256(content), hashOffset - slot * HASH_SIZE)
  bytes.set(hashes, hashOffset)
  return bytes
}

/** The hardened runtime is that of the SDK which node was built with. */
function sdkOf({ commands, bytes }: MachOFile): number {
  const command = commands.find(({ type, size }) => type === LC_BUILD_VERSION && size >= BUILD_VERSION_SIZE)
  return command ? BuildVersion.read(viewOf(bytes), command.offset + LoadCommand.size).sdk : 0
}
const BUILD_VERSION_SIZE = LoadCommand.size + BuildVersion.size

function blob(magic: number, content: Uint8Array = new Uint8Array()): Uint8Array {
  const bytes = Buffer.alloc(BlobHeader.size + content.length)
  BlobHeader.write(viewOf(bytes), 0, { magic, length: bytes.length })
  bytes.set(content, BlobHeader.size)
  return bytes
}

function emitSuperBlob(blobs: readonly (readonly [slot: number, bytes: Uint8Array])[]): Uint8Array {
  const index = Buffer.alloc(4 + blobs.length * SlotIndex.size)
  index.writeUInt32BE(blobs.length)
  let offset = BlobHeader.size + index.length
  blobs.forEach(([slot, { length }], i) => {
    SlotIndex.write(viewOf(index), 4 + i * SlotIndex.size, { slot, offset })
    offset += length
  })
  return blob(CSMAGIC_EMBEDDED_SIGNATURE, Buffer.concat([index, ...blobs.map(([, bytes]) => bytes)]))
}
