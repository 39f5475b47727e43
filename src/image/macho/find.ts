// Finds the program in a finished executable.

import { BuildError } from '../../base/diagnostics.ts'
import { locateAssets, PAYLOAD_ASSET } from '../sea.ts'
import { BLOB_SECTION, BLOB_SEGMENT, type Source } from './layout.ts'
import { readHead } from './read-head.ts'
import { LINKEDIT, type MachOFile, type Segment } from './read.ts'

/** Where a part of the file lies. */
interface Place {
  readonly fileOffset: number
  readonly size: number
}

export interface FoundProgram {
  readonly macho: MachOFile
  readonly linkedit: Segment
  /** node's blob: up to the payload it is the bootstrap. */
  readonly blob: Place
  readonly payload: Place
  readonly assets: ReadonlyMap<string, Place>
}

/** @throws BuildError IMAGE_…, IMAGE_NOT_INGOT, each with a byte offset */
export function findProgram(source: Source): FoundProgram {
  const macho = readHead(source)
  const fail = (code: string, message: string, offset: number): never => {
    throw new BuildError(code, message, {
      at: { file: source.file, offset },
      help: 'name a file that "ingot build" has written',
    })
  }
  const linkedit = macho.segments.find(({ name }) => name === LINKEDIT)
  const section = macho.segments
    .find(({ name }) => name === BLOB_SEGMENT)
    ?.sections.find(({ name }) => name === BLOB_SECTION)
  if (!section || !linkedit)
    return fail('IMAGE_NOT_INGOT', 'this is not an executable that Ingot has made', 0)
  const blob = { fileOffset: section.fileOffset, size: section.size }
  const assets = locateAssets(source.read, blob)
  if (!assets) return fail('IMAGE_MALFORMED', 'node’s blob is damaged', blob.fileOffset)
  const payload = assets.get(PAYLOAD_ASSET)
  if (!payload) return fail('IMAGE_NOT_INGOT', 'this program was not made by Ingot', blob.fileOffset)
  return { macho, linkedit, blob, payload, assets }
}
