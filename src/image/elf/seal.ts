// Where an executable's seal (format/seal.ts) is mapped, and how the launch table says so.

import { viewOf, type Chunk } from '../../base/bytes.ts'
import { SIGNATURE_AREA } from '../../format/seal.ts'
import type { FoundLaunchTable } from './launch-table.ts'
import { LaunchTable, SEAL_BASE } from './layout.ts'
import { ProgramHeader } from './structs.ts'

/** To be written before anything is hashed: where the seal will be. The root is still zero, as in every base. */
export function sealPatches(found: FoundLaunchTable, seal: { fileOffset: number; size: number }): Chunk[] {
  const { fileOffset, size } = seal
  const table = new Uint8Array(LaunchTable.size)
  // As far from the begin of a page as in the file, whatever size a page has.
  const address = SEAL_BASE + (fileOffset % found.machine.pageSize)
  const words = { sealAddress: address, sealFileOffset: fileOffset, sealSize: size }
  LaunchTable.write(viewOf(table), 0, { ...found.table, ...words })
  const index = found.programHeaders.findIndex(({ virtualAddress }) => virtualAddress === SEAL_BASE)
  const header = new Uint8Array(ProgramHeader.size)
  // With the signature: everything of the file is mapped.
  const mapped = size + SIGNATURE_AREA
  const segment = {
    ...found.programHeaders[index]!,
    fileOffset,
    virtualAddress: address,
    physicalAddress: address,
    fileSize: mapped,
    memorySize: mapped,
  }
  ProgramHeader.write(viewOf(header), 0, segment)
  return [
    { offset: found.fileOffset, bytes: table },
    { offset: found.programHeaderOffset + index * ProgramHeader.size, bytes: header },
  ]
}

/** Where in the file the root is: ROOT_AREA bytes (format/seal.ts). */
export function rootOffset({ fileOffset }: Pick<FoundLaunchTable, 'fileOffset'>): number {
  return fileOffset + LaunchTable.offsetOf('root0')
}
