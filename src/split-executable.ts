// An executable as two files (image/elf/split.ts): the layers of a container image.

import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'

import { IN_RUNTIME, SIGNATURE_AREA } from './format/seal.ts'
import { FUSES } from './format/fuses.ts'
import { findLaunchTable } from './image/elf/launch-table.ts'
import { planSplit, type SplitFile } from './image/elf/split.ts'
import { hashPart } from './seal/hash-part.ts'
import { readSealOf } from './seal/reseal.ts'
import { sealExecutable } from './seal/seal-executable.ts'
import type { Part } from './seal/seal-image.ts'
import { SealedFile } from './seal/sealed-file.ts'
import { readSignature } from './seal/signature.ts'

export interface SplitExecutable {
  readonly runtime: {
    readonly bytes: Uint8Array
    /** Hex. */
    readonly sha256: string
    /** Where the file has to be when the program starts. */
    readonly path: string
  }
  /** The file. */
  readonly program: string
}

/** Larger programs are one file: they are cut in memory, and their updates are large anyhow. */
const LARGEST_PROGRAM = 2 ** 30

/**
 * Undefined if it has to stay one file: what is signed would not be any more, and other systems have other formats.
 * @param program the file to write
 * @throws BuildError SEAL_DAMAGED
 */
export function splitExecutable(file: string, program: string): SplitExecutable | undefined {
  return SealedFile.open(file, 'r', (executable) => {
    const readAt = (offset: number, size: number) => executable.read(offset, size)
    const found = findLaunchTable(readAt, file)
    const { sealFileOffset, sealSize, fuses } = found.table
    const isSigned = readSignature(readAt(sealFileOffset + sealSize, SIGNATURE_AREA)) !== undefined
    const isOne = isSigned || fuses & FUSES.signature || executable.size > LARGEST_PROGRAM
    const split = isOne ? undefined : planSplit(found, readAt)
    if (!split) return undefined
    const { parts } = readSealOf(executable)
    const runtime = bytesOf(split.runtime, readAt)
    const sha256 = createHash('sha256').update(runtime).digest('hex')
    const runtimePath = `/lib/ingot/runtime-${sha256.slice(0, 16)}`
    const common = [
      ...parts.filter(({ offset }) => offset < split.end),
      { name: 'runtime' as const, offset: split.end, size: runtime.length - split.end },
    ].map(({ name, offset, size }: Part) => ({
      name,
      offset: IN_RUNTIME + offset,
      size,
      ...hashPart(runtime.subarray(offset, offset + size)),
    }))

    writeFileSync(program, bytesOf(split.program(runtimePath), readAt), { mode: 0o755 })
    const starts = parts
      .filter(({ offset }) => offset >= split.end)
      .map(({ name, offset }) => ({ name, offset: offset - split.shift }))
    sealExecutable(program, [{ name: 'runtime', offset: 0 }, ...starts], common)
    return { runtime: { bytes: runtime, sha256, path: runtimePath }, program }
  })
}

function bytesOf(
  { size, pieces }: SplitFile,
  readAt: (offset: number, size: number) => Uint8Array,
): Uint8Array {
  const bytes = new Uint8Array(size)
  for (const piece of pieces)
    bytes.set('bytes' in piece ? piece.bytes : readAt(piece.from, piece.size), piece.offset)
  return bytes
}
