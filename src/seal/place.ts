// Where an executable has its seal: the only thing in which the formats differ here.

import { alignUp, type Chunk } from '../base/bytes.ts'
import { PAGE_SIZE } from '../format/archive.ts'
import { ROOT_AREA } from '../format/seal.ts'
import { findLaunchTable } from '../image/elf/launch-table.ts'
import { rootOffset, sealPatches } from '../image/elf/seal.ts'
import { findProgram, isPe } from '../image/pe/find.ts'

export interface SealPlace {
  /** Where the seal begins, or would. */
  readonly offset: number
  /** 0: there is none. */
  readonly size: number
  /** Where the root is kept for whoever starts the program; undefined: nobody looks there. */
  readonly root: number | undefined
  /** What is hashed as zeros: ROOT_AREA, or what signing the file for its system changes. */
  readonly holes: readonly { readonly offset: number; readonly size: number }[]
  /** Bytes of such a signature, behind ours. */
  readonly behind: number
  /** The runtime is another file, whose parts the seal covers, too (image/elf/split.ts). */
  readonly isInTwoFiles: boolean
  /** Of the launch table, for messages about the seal; else where it would be. */
  readonly saidAt: number
  /** To be written before anything is hashed. */
  patches(seal: { readonly fileOffset: number; readonly size: number }): readonly Chunk[]
  /** Where a checksum of the whole file is, which whoever signs the file for its system computes anew. */
  readonly checksum?: number
}

type ReadAt = (offset: number, size: number) => Uint8Array

/** @throws BuildError IMAGE_… with the byte offset */
export function findSealPlace(readAt: ReadAt, name: string, fileSize: number): SealPlace {
  if (isPe(readAt)) return placeInPe(readAt, name, fileSize)
  const found = findLaunchTable(readAt, name)
  const { sealFileOffset, sealSize } = found.table
  const root = rootOffset(found)
  return {
    offset: sealSize === 0 ? alignUp(fileSize, PAGE_SIZE) : sealFileOffset,
    size: sealSize,
    root,
    holes: [{ offset: root, size: ROOT_AREA }],
    behind: 0,
    isInTwoFiles: found.table.runtime !== 0,
    saidAt: found.fileOffset,
    patches: (seal) => sealPatches(found, seal),
  }
}

/** Behind the image, where Windows does not look, and before what the file may be signed with. */
function placeInPe(readAt: ReadAt, name: string, fileSize: number): SealPlace {
  const { seal, certificates, unsealed } = findProgram(readAt, name, fileSize)
  const holes = unsealed.map(({ fileOffset: offset, size }) => ({ offset, size }))
  return {
    offset: seal.fileOffset,
    size: seal.size,
    root: undefined,
    holes,
    behind: certificates.size,
    isInTwoFiles: false,
    saidAt: seal.fileOffset,
    patches: () => [],
    checksum: holes[0]!.offset,
  }
}

/** The bytes as they are hashed, from `start` on in the file. */
export function withoutHoles(
  bytes: Uint8Array,
  start: number,
  { holes }: Pick<SealPlace, 'holes'>,
): Uint8Array {
  const inside = holes.filter(({ offset, size }) => offset < start + bytes.length && offset + size > start)
  if (inside.length === 0) return bytes
  const copy = bytes.slice()
  for (const { offset, size } of inside)
    copy.fill(0, Math.max(0, offset - start), Math.min(copy.length, offset + size - start))
  return copy
}
