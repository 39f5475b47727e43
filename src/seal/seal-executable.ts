// Seals a finished executable: hashes all its bytes, and writes the hashes behind them.

import { viewOf } from '../base/bytes.ts'
import type { PartName } from '../format/seal.ts'
import { BLOCK_SIZE, SIGNATURE_AREA } from '../format/seal.ts'
import { withoutHoles } from './place.ts'
import { hashPart, type PartHashes } from './hash-part.ts'
import { rootAreaOf, sealSize, writeSeal, type Part, type Seal } from './seal-image.ts'
import { SealedFile } from './sealed-file.ts'
import { checksumOf, sumOfWords } from '../image/pe/checksum.ts'
import { noSignature } from './signature.ts'

export interface PartStart {
  readonly name: PartName
  readonly offset: number
  /** What its bytes hash to, if that is known: as with parts that are the same in every executable. */
  readonly known?: PartHashes | undefined
}

/**
 * The executable must not be sealed yet.
 * @param starts ascending; each part ends where the next one begins
 * @param elsewhere parts that are in the runtime's file
 * @returns the size of the file
 */
export function sealExecutable(
  name: string,
  starts: readonly PartStart[],
  elsewhere: Seal['parts'] = [],
): number {
  return SealedFile.open(name, 'r+', (file) => {
    const { place } = file
    const fileOffset = place.offset
    const parts = starts.map(({ name, offset, known }, i) => ({
      name,
      offset,
      size: (starts[i + 1]?.offset ?? fileOffset) - offset,
      known,
    }))
    file.truncate(fileOffset)
    const patches = place.patches({ fileOffset, size: sealSize([...elsewhere, ...parts]) })
    for (const { offset, bytes } of patches) file.write(offset, bytes)
    const hashed = parts.map(({ known, ...part }) => ({ ...part, ...(known ?? hashOf(file, part)) }))
    for (const { name, size, hashes } of hashed)
      if (hashes.length !== Math.ceil(size / BLOCK_SIZE))
        throw new Error(`the hashes of ${name} are of another size`)
    const seal = writeSeal({ parts: [...elsewhere, ...hashed] })
    file.write(fileOffset, seal)
    file.write(fileOffset + seal.length, noSignature())
    if (place.root !== undefined) file.write(place.root, rootAreaOf(seal))
    file.size = fileOffset + seal.length + SIGNATURE_AREA
    writeChecksum(file)
    return file.size
  })
}

/** Hashed piece by piece: a program may be larger than memory. Whole blocks. */
const PIECE = 64 * BLOCK_SIZE

export function hashOf(file: SealedFile, { offset, size }: Pick<Part, 'offset' | 'size'>): PartHashes {
  const pieces: PartHashes[] = []
  for (let at = offset; at < offset + size; at += PIECE) {
    const bytes = file.read(at, Math.min(PIECE, offset + size - at))
    pieces.push(hashPart(withoutHoles(bytes, at, file.place)))
  }
  return {
    hashes: pieces.flatMap(({ hashes }) => hashes),
    checksums: pieces.flatMap(({ checksums }) => checksums),
  }
}

/** PE's own, of the whole file; to be called after the last change. */
export function writeChecksum(file: SealedFile): void {
  const { checksum } = file.place
  if (checksum !== undefined) file.write(checksum, checksumOfFile(file, checksum))
}

/** @param at where it is in the file: its own bytes do not count */
export function checksumOfFile(file: SealedFile, at: number): Uint8Array {
  const hole = { holes: [{ offset: at, size: 4 }] }
  let sum = 0
  for (let offset = 0; offset < file.size; offset += PIECE)
    sum += sumOfWords(withoutHoles(file.read(offset, PIECE), offset, hole))
  const field = new Uint8Array(4)
  viewOf(field).setUint32(0, checksumOf(sum, file.size), true)
  return field
}
