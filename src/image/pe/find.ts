// Finds the program in a finished executable, and what of its file is no part of what is sealed. Pure: how bytes are
// read is the caller's.

import { BuildError } from '../../base/diagnostics.ts'
import { SIGNATURE_AREA } from '../../format/seal.ts'
import { SEA_MAGIC } from '../sea.ts'
import * as pe from './constants.ts'
import { directoryOffset, readPe, type PeFile } from './read.ts'
import { TABLES_SIZE } from './resources.ts'
import { OptionalHeader } from './structs.ts'

export interface FoundProgram {
  readonly image: PeFile
  /** Where everything before the resources ends, in the file. */
  readonly resources: number
  /** node's blob. */
  readonly blob: { readonly fileOffset: number; readonly size: number }
  /** Behind the image, where Windows does not look; 0 bytes: there is none. */
  readonly seal: { readonly fileOffset: number; readonly size: number }
  /** What signs the file for Windows, behind everything else; 0 bytes: nothing does. */
  readonly certificates: { readonly fileOffset: number; readonly size: number }
  /** What signing changes: the checksum, and where the certificates are. */
  readonly unsealed: readonly { readonly fileOffset: number; readonly size: number }[]
}

/** Gives fewer bytes where the file ends. */
type ReadAt = (fileOffset: number, size: number) => Uint8Array

/** What a file has to begin with for `findProgram` to be asked about it. */
export function isPe(readAt: ReadAt): boolean {
  return Buffer.from(readAt(0, 2)).toString('latin1') === 'MZ'
}

/** Of all headers. */
const HEADERS = 4096

/** @throws BuildError IMAGE_NOT_PE, IMAGE_WRONG_TARGET, IMAGE_MALFORMED, IMAGE_NOT_INGOT, with the byte offset */
export function findProgram(readAt: ReadAt, file: string, fileSize: number): FoundProgram {
  const image = readPe(readAt(0, HEADERS), file, fileSize)
  const directory = image.directories[pe.IMAGE_DIRECTORY_ENTRY_RESOURCE]
  const last = image.sections.at(-1)!
  const foreign = (offset: number): never => {
    throw new BuildError('IMAGE_NOT_INGOT', 'this is not an executable that Ingot has made', {
      at: { file, offset },
      help: 'name a file that "ingot build" has written',
    })
  }
  const inOptional = image.at.optional + OptionalHeader.offsetOf('checksum')
  const security = directoryOffset(image, pe.IMAGE_DIRECTORY_ENTRY_SECURITY)
  if (directory?.address !== last.address || last.fileSize <= TABLES_SIZE)
    foreign(directoryOffset(image, pe.IMAGE_DIRECTORY_ENTRY_RESOURCE))
  const fileOffset = last.fileOffset + TABLES_SIZE
  const magic = Buffer.from(readAt(fileOffset, 4))
  if (magic.length < 4 || magic.readUInt32LE() !== SEA_MAGIC) foreign(fileOffset)
  const { address = 0, size = 0 } = image.directories[pe.IMAGE_DIRECTORY_ENTRY_SECURITY] ?? {}
  const end = last.fileOffset + last.fileSize
  const certificates = { fileOffset: size === 0 ? fileSize : address, size }
  return {
    image,
    resources: last.fileOffset,
    blob: { fileOffset, size: last.fileSize - TABLES_SIZE },
    seal: { fileOffset: end, size: Math.max(0, certificates.fileOffset - SIGNATURE_AREA - end) },
    certificates,
    unsealed: [
      { fileOffset: inOptional, size: 4 },
      { fileOffset: security, size: 8 },
    ],
  }
}
