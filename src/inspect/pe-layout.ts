// Where everything in an executable for Windows lies, by its section of resources and the blob in it.

import { createHash } from 'node:crypto'

import { LICENSES } from '../format/licenses.ts'
import { findProgram } from '../image/pe/find.ts'
import { locateAssets, PAYLOAD_ASSET } from '../image/sea.ts'
import type { ArchiveRegion } from './archive-index.ts'
import type { ExecutableFile } from './executable-file.ts'
import type { Region } from './inspection.ts'
import type { Layout } from './layout.ts'

/** @throws BuildError IMAGE_…, INSPECT_DAMAGED */
export function readPeLayout(executable: ExecutableFile): Layout {
  const readAt = (offset: number, size: number) => executable.readUpTo(offset, size)
  const { resources, blob, seal, certificates } = findProgram(readAt, executable.file, executable.size)
  const assets = locateAssets((offset, size) => executable.read(offset, size, 'the blob'), blob)
  const placeOf = (name: string): ArchiveRegion => {
    const found = assets?.get(name)
    if (!found) throw executable.damaged(`the blob has no ${name}`, blob.fileOffset)
    return found
  }
  const program = placeOf(PAYLOAD_ASSET)
  const root = createHash('sha256')
    .update(executable.read(seal.fileOffset, seal.size, 'the seal'))
    .digest('hex')
  const region = (part: Region['part'], name: string, fileOffset: number, regionEnd: number): Region => ({
    part,
    name,
    fileOffset,
    size: regionEnd - fileOffset,
  })
  return {
    start: 'cold',
    fuses: undefined,
    seal: seal.size === 0 ? undefined : { size: seal.size, root },
    sizes: { runtime: resources, libraries: 0, bootstrap: program.fileOffset - resources, frozen: 0 },
    program,
    libraries: undefined,
    licenses: placeOf(LICENSES),
    regions: [
      region('runtime', 'node', 0, resources),
      region('bootstrap', 'bootstrap', resources, program.fileOffset),
      region('bootstrap', 'resources', program.fileOffset + program.size, seal.fileOffset),
      region('seal', 'seal', seal.fileOffset, certificates.fileOffset),
      region('seal', 'certificates', certificates.fileOffset, certificates.fileOffset + certificates.size),
    ],
  }
}
