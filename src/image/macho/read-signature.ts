// Reads an executable's code signature, whoever made it, and compares the file with it.

import { viewOf } from '../../base/bytes.ts'
import { BuildError } from '../../base/diagnostics.ts'
import {
  CS_ADHOC,
  CS_HASHTYPE_SHA256,
  CS_RUNTIME,
  CSMAGIC_BLOBWRAPPER,
  CSMAGIC_CODEDIRECTORY,
  CSMAGIC_EMBEDDED_SIGNATURE,
  CSSLOT_CODEDIRECTORY,
  CSSLOT_ENTITLEMENTS,
  CSSLOT_INFOSLOT,
  CSSLOT_SIGNATURESLOT,
  LC_CODE_SIGNATURE,
} from './constants.ts'
import { HASH_SIZE, INFO_SECTION, type Source } from './layout.ts'
import { readHead } from './read-head.ts'
import { findSection, type MachOFile } from './read.ts'
import { BlobHeader, CodeDirectory, SlotIndex } from './structs.ts'

export interface CodeSignature {
  readonly macho: MachOFile
  /** In the file. */
  readonly offset: number
  /** As the load command says; not all of it need be used. */
  readonly size: number
  readonly directory: ReturnType<typeof CodeDirectory.read>
  readonly identifier: string
  readonly blobs: ReadonlyMap<number, SignatureBlob>
  /** False if there is something in it that is neither hashed nor usual. */
  readonly isUsual: boolean
  /** SHA-256 of the CodeDirectory, hex: what macOS knows the program by. */
  readonly cdHash: string
}

/** One of its parts, with its header; they are told apart by their slots. */
interface SignatureBlob {
  readonly bytes: Uint8Array
  /** In the file. */
  readonly offset: number
}

/** @throws BuildError IMAGE_…, SIGNATURE_MISSING, SIGNATURE_MALFORMED, each with a byte offset */
export function readSignature(source: Source): CodeSignature {
  const { file } = source
  const macho = readHead(source)
  const fail = (code: string, message: string, offset: number): never => {
    const help = 'copy the file again, or build it again'
    throw new BuildError(code, message, { at: { file, offset }, help })
  }
  const table = macho.tables.find(({ of }) => of === LC_CODE_SIGNATURE)
  if (!table || table.size === 0)
    return fail('SIGNATURE_MISSING', 'this executable has no code signature', table?.field ?? 0)
  const bytes = source.read(table.fileOffset, table.size)
  const malformed = (what: string, offset: number) =>
    fail('SIGNATURE_MALFORMED', `the code signature ${what}`, table.fileOffset + offset)

  const blobs = readBlobs(bytes, table.fileOffset, malformed)
  const found = blobs.get(CSSLOT_CODEDIRECTORY)
  if (!found) return malformed('has no code directory', 0)
  const { bytes: blob } = found
  const offset = found.offset - table.fileOffset
  if (blob.length < CodeDirectory.size) malformed('has a code directory that is cut off', offset)
  const directory = CodeDirectory.read(viewOf(blob), 0)
  const at = (field: keyof typeof directory) => offset + CodeDirectory.offsetOf(field)
  if (directory.magic !== CSMAGIC_CODEDIRECTORY) malformed('has no code directory in its place', offset)
  if (directory.hashType !== CS_HASHTYPE_SHA256 || directory.hashSize !== HASH_SIZE)
    malformed('does not use SHA-256', at('hashType'))
  if (directory.pageSize < 12 || directory.pageSize > 16)
    malformed(`has pages of 2^${directory.pageSize} bytes`, at('pageSize'))
  if (directory.codeLimit64 !== 0 || directory.codeLimit !== table.fileOffset)
    malformed('does not cover all that is before it', at('codeLimit'))
  if (directory.codeSlotCount !== Math.ceil(directory.codeLimit / 2 ** directory.pageSize))
    malformed(`has ${directory.codeSlotCount} hashes of pages`, at('codeSlotCount'))
  const specialStart = directory.hashOffset - directory.specialSlotCount * HASH_SIZE
  const hashEnd = directory.hashOffset + directory.codeSlotCount * HASH_SIZE
  if (specialStart < CodeDirectory.size || hashEnd > blob.length)
    malformed('has hashes outside its code directory', at('hashOffset'))
  const identifierEnd = blob.indexOf(0, directory.identifierOffset)
  if (directory.identifierOffset < CodeDirectory.size || identifierEnd === -1)
    malformed('has no identifier', at('identifierOffset'))
  return {
    macho,
    offset: table.fileOffset,
    size: table.size,
    directory,
    identifier: Buffer.from(blob.subarray(directory.identifierOffset, identifierEnd)).toString(),
    blobs,
    isUsual:
      isUsual(bytes, table.fileOffset, [...blobs.values()]) && (!isAdHoc({ directory }) || isUnsigned(blobs)),
    cdHash: Buffer.from(source.sha256(blob)).toString('hex'),
  }
}

function readBlobs(
  bytes: Uint8Array,
  fileOffset: number,
  malformed: (what: string, offset: number) => never,
): Map<number, SignatureBlob> {
  const view = viewOf(bytes)
  const indexStart = BlobHeader.size + 4
  if (bytes.length < indexStart) malformed('is cut off', 0)
  const { magic, length } = BlobHeader.read(view, 0)
  if (magic !== CSMAGIC_EMBEDDED_SIGNATURE) malformed('does not begin as one', 0)
  if (length > bytes.length) malformed('is longer than its place', 4)
  const count = view.getUint32(BlobHeader.size)
  if (indexStart + count * SlotIndex.size > length) malformed(`has ${count} parts`, BlobHeader.size)
  const blobs = new Map<number, SignatureBlob>()
  for (let i = 0; i < count; i++) {
    const entry = indexStart + i * SlotIndex.size
    const { slot, offset } = SlotIndex.read(view, entry)
    if (offset < indexStart || offset + BlobHeader.size > length)
      malformed(`has a part outside it`, entry + SlotIndex.offsetOf('offset'))
    const blob = BlobHeader.read(view, offset)
    if (blob.length < BlobHeader.size || offset + blob.length > length)
      malformed(`has a part of ${blob.length} bytes`, offset + BlobHeader.offsetOf('length'))
    blobs.set(slot, { bytes: bytes.subarray(offset, offset + blob.length), offset: fileOffset + offset })
  }
  return blobs
}

/** Nobody hashes the index, and what is behind the last part. */
function isUsual(bytes: Uint8Array, fileOffset: number, blobs: readonly SignatureBlob[]): boolean {
  let end = BlobHeader.size + 4 + blobs.length * SlotIndex.size
  for (const blob of blobs) {
    if (blob.offset !== fileOffset + end) return false
    end += blob.bytes.length
  }
  const { length } = BlobHeader.read(viewOf(bytes), 0)
  return length === end && bytes.subarray(end).every((byte) => byte === 0)
}

/** Nobody's key is in it. */
function isUnsigned(blobs: CodeSignature['blobs']): boolean {
  const wrapper = blobs.get(CSSLOT_SIGNATURESLOT)?.bytes
  return (
    wrapper?.length === BlobHeader.size && BlobHeader.read(viewOf(wrapper), 0).magic === CSMAGIC_BLOBWRAPPER
  )
}

/** By nobody's key. */
export function isAdHoc({ directory }: Pick<CodeSignature, 'directory'>): boolean {
  return (directory.flags & CS_ADHOC) !== 0
}

export function hasHardenedRuntime({ directory }: Pick<CodeSignature, 'directory'>): boolean {
  return (directory.flags & CS_RUNTIME) !== 0
}

/** The property list as it is signed; empty if there is none. */
export function entitlementsOf({ blobs }: CodeSignature): string {
  const blob = blobs.get(CSSLOT_ENTITLEMENTS)
  return blob ? Buffer.from(blob.bytes.subarray(BlobHeader.size)).toString() : ''
}

/** Bytes of the file that are not as they were signed. */
export interface ChangedBytes {
  readonly from: number
  readonly to: number
  /** Of what is signed besides the pages. */
  readonly slot?: number
}

/** Read at once. */
const RUN = 2 ** 22

/** Compares all pages and parts with their hashes; neighbours are one. */
export function findChanges(source: Source, signature: CodeSignature): ChangedBytes[] {
  const { read } = source
  const { directory, offset, macho } = signature
  const page = 2 ** directory.pageSize
  const changed: { from: number; to: number }[] = []
  for (let start = 0; start < directory.codeLimit; start += RUN) {
    const run = read(start, Math.min(RUN, directory.codeLimit - start))
    for (let at = 0; at < run.length; at += page) {
      const from = start + at
      if (hasHash(source, signature, from / page, run.subarray(at, at + page))) continue
      const to = Math.min(from + page, directory.codeLimit)
      const last = changed.at(-1)
      if (last?.to === from) last.to = to
      else changed.push({ from, to })
    }
  }
  const parts = specialParts(source, signature).filter(
    ({ slot, bytes }) => !hasHash(source, signature, -slot, bytes),
  )
  const end = offset + signature.size
  return [
    ...changed,
    ...parts.map(({ slot, from, bytes }) => ({ slot, from, to: from + bytes.length })),
    ...(signature.isUsual ? [] : [{ from: offset, to: end, slot: CSSLOT_SIGNATURESLOT }]),
    ...(end === macho.size ? [] : [{ from: end, to: macho.size }]),
  ]
}

interface SpecialPart {
  readonly slot: number
  readonly from: number
  readonly bytes: Uint8Array
}

/** What is there, and what there should be. */
function specialParts({ read }: Source, { blobs, directory, macho, offset }: CodeSignature): SpecialPart[] {
  const parts: SpecialPart[] = []
  const info = findSection(macho, INFO_SECTION)
  for (let slot = 1; slot <= directory.specialSlotCount; slot++) {
    const blob = blobs.get(slot)
    if (blob) parts.push({ slot, from: blob.offset, bytes: blob.bytes })
    else if (slot === CSSLOT_INFOSLOT && info && info.size > 0)
      parts.push({ slot, from: info.fileOffset, bytes: read(info.fileOffset, info.size) })
    else parts.push({ slot, from: offset, bytes: new Uint8Array() })
  }
  return parts
}

/** A slot that is not used has zeros. */
function hasHash(
  { sha256 }: Source,
  { blobs, directory }: CodeSignature,
  slot: number,
  bytes: Uint8Array,
): boolean {
  const at = directory.hashOffset + slot * HASH_SIZE
  const expected = blobs.get(CSSLOT_CODEDIRECTORY)!.bytes.subarray(at, at + HASH_SIZE)
  if (slot < 0 && bytes.length === 0) return expected.every((byte) => byte === 0)
  return Buffer.compare(expected, sha256(bytes)) === 0
}
