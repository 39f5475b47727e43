// Changes to a sealed file: its launch table (`ingot fuse`), and its signature.

import type { KeyObject } from 'node:crypto'

import { BuildError } from '../base/diagnostics.ts'
import { HASH_SIZE, ROOT_AREA } from '../format/seal.ts'
import { inTwoFiles } from '../image/elf/launch-table.ts'
import { hashOf, writeChecksum } from './seal-executable.ts'
import { readSeal, rootAreaOf, writeSeal, type Seal } from './seal-image.ts'
import { SealedFile } from './sealed-file.ts'
import { noSignature, signRoot } from './signature.ts'

/**
 * Renews the seal after a change to the launch table, and nothing else: other damage stays damage. A signature is
 * no longer one, and is taken away.
 * @throws BuildError IMAGE_…, SEAL_DAMAGED
 */
export function resealTable(name: string): void {
  SealedFile.open(name, 'r+', (file) => {
    const { place } = file
    if (place.size === 0) return
    const seal = readSealOf(file)
    const parts = seal.parts.map((part) =>
      part.name === 'launch table' ? { ...part, ...hashOf(file, part) } : part,
    )
    const bytes = writeSeal({ parts })
    file.write(place.offset, bytes)
    file.write(place.offset + place.size, noSignature())
    if (place.root !== undefined) file.write(place.root, rootAreaOf(bytes))
  })
}

/** @throws BuildError IMAGE_…, SEAL_DAMAGED */
export function signExecutable(name: string, key: KeyObject): void {
  SealedFile.open(name, 'r+', (file) => {
    const root = rootAreaOf(writeSeal(readSealOf(file))).subarray(0, HASH_SIZE)
    const { offset, size } = file.place
    file.write(offset + size, signRoot(root, key))
    writeChecksum(file)
  })
}

/** @throws BuildError SEAL_DAMAGED, IMAGE_IN_TWO_FILES */
export function readSealOf(file: SealedFile): Seal {
  const { offset, size, root, isInTwoFiles, saidAt } = file.place
  if (isInTwoFiles) throw inTwoFiles(file.name, saidAt)
  const bytes = file.read(offset, size)
  const seal = size > 0 ? readSeal(bytes, offset) : undefined
  if (seal && (root === undefined || rootAreaOf(bytes).equals(file.read(root, ROOT_AREA)))) return seal
  throw new BuildError('SEAL_DAMAGED', 'this executable’s seal is damaged, or there is none', {
    at: { file: file.name, offset },
    help: 'check it with "ingot verify", and build it again',
  })
}
