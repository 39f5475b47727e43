// Changes to a sealed file: its launch table (`ingot fuse`), and its signature.

import type { KeyObject } from 'node:crypto'

import { BuildError } from '../base/diagnostics.ts'
import { HASH_SIZE, ROOT_AREA } from '../format/seal.ts'
import { rootOffset } from '../image/elf/seal.ts'
import { hashOf } from './seal-executable.ts'
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
    const { table } = file.found
    if (table.sealSize === 0) return
    const seal = readSealOf(file)
    const parts = seal.parts.map((part) =>
      part.name === 'launch table' ? { ...part, ...hashOf(file, part) } : part,
    )
    const bytes = writeSeal({ parts })
    file.write(table.sealFileOffset, bytes)
    file.write(table.sealFileOffset + table.sealSize, noSignature())
    file.write(rootOffset(file.found), rootAreaOf(bytes))
  })
}

/** @throws BuildError IMAGE_…, SEAL_DAMAGED */
export function signExecutable(name: string, key: KeyObject): void {
  SealedFile.open(name, 'r+', (file) => {
    readSealOf(file)
    const { sealFileOffset, sealSize } = file.found.table
    file.write(sealFileOffset + sealSize, signRoot(file.read(rootOffset(file.found), HASH_SIZE), key))
  })
}

function readSealOf(file: SealedFile): Seal {
  const { sealFileOffset, sealSize } = file.found.table
  const bytes = file.read(sealFileOffset, sealSize)
  const seal = sealSize > 0 ? readSeal(bytes, sealFileOffset) : undefined
  const root = file.read(rootOffset(file.found), ROOT_AREA)
  if (seal && rootAreaOf(bytes).equals(root)) return seal
  throw new BuildError('SEAL_DAMAGED', 'this executable’s seal is damaged, or there is none', {
    at: { file: file.name, offset: sealFileOffset },
    help: 'check it with "ingot verify", and build it again',
  })
}
