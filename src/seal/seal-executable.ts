// Seals a finished executable: hashes all its bytes, and writes the hashes behind them.

import { alignUp } from '../base/bytes.ts'
import { PAGE_SIZE } from '../format/archive.ts'
import type { PartName } from '../format/seal.ts'
import { BLOCK_SIZE, SIGNATURE_AREA } from '../format/seal.ts'
import { rootOffset, sealPatches, withoutRoot } from '../image/elf/seal.ts'
import { hashPart, type PartHashes } from './hash-part.ts'
import { rootAreaOf, sealSize, writeSeal, type Part } from './seal-image.ts'
import { SealedFile } from './sealed-file.ts'
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
 * @returns the size of the file
 */
export function sealExecutable(name: string, starts: readonly PartStart[]): number {
  return SealedFile.open(name, 'r+', (file) => {
    const fileOffset = alignUp(file.size, PAGE_SIZE)
    const parts = starts.map(({ name, offset, known }, i) => ({
      name,
      offset,
      size: (starts[i + 1]?.offset ?? fileOffset) - offset,
      known,
    }))
    file.truncate(fileOffset)
    const patches = sealPatches(file.found, { fileOffset, size: sealSize(parts) })
    for (const { offset, bytes } of patches) file.write(offset, bytes)
    const hashed = parts.map(({ known, ...part }) => ({ ...part, ...(known ?? hashOf(file, part)) }))
    const seal = writeSeal({ parts: hashed })
    file.write(fileOffset, seal)
    file.write(fileOffset + seal.length, noSignature())
    file.write(rootOffset(file.found), rootAreaOf(seal))
    return fileOffset + seal.length + SIGNATURE_AREA
  })
}

/** Hashed piece by piece: a program may be larger than memory. Whole blocks. */
const PIECE = 64 * BLOCK_SIZE

export function hashOf(file: SealedFile, { offset, size }: Pick<Part, 'offset' | 'size'>): PartHashes {
  const pieces: PartHashes[] = []
  for (let at = offset; at < offset + size; at += PIECE) {
    const bytes = file.read(at, Math.min(PIECE, offset + size - at))
    pieces.push(hashPart(withoutRoot(bytes, at, file.found)))
  }
  return {
    hashes: pieces.flatMap(({ hashes }) => hashes),
    checksums: pieces.flatMap(({ checksums }) => checksums),
  }
}
