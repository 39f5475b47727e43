// Reads an archive (format/archive.ts) in an executable: what it has inside, and single files of it.

import { viewOf } from '../base/bytes.ts'
import {
  ARCHIVE_MAGIC,
  ARCHIVE_VERSION,
  ArchiveEntry,
  ArchiveHeader,
  FORMAT_NONE,
  KIND_DIRECTORY,
  KIND_FILE,
  type Manifest,
} from '../format/archive.ts'
import type { ExecutableFile } from './executable-file.ts'
import type { InspectedEntry } from './inspection.ts'

/** Where an archive lies in the file. */
export interface ArchiveRegion {
  readonly fileOffset: number
  readonly size: number
}

export class ArchiveIndex {
  readonly #executable: ExecutableFile
  readonly #start: number
  readonly region: ArchiveRegion
  readonly header: ReturnType<typeof ArchiveHeader.read>

  /** @throws BuildError INSPECT_DAMAGED */
  constructor(executable: ExecutableFile, region: ArchiveRegion, what: string) {
    this.#executable = executable
    this.#start = region.fileOffset
    this.region = region
    const bytes = executable.read(region.fileOffset, ArchiveHeader.size, what)
    this.header = ArchiveHeader.read(viewOf(bytes), 0)
    const { magic, version, size } = this.header
    if (magic !== ARCHIVE_MAGIC) throw executable.damaged(`${what} does not begin as one`, region.fileOffset)
    if (version !== ARCHIVE_VERSION) {
      throw executable.notOurs(
        `${what} is of version ${version}, this Ingot reads version ${ARCHIVE_VERSION}`,
        this.#at('version'),
      )
    }
    if (size > region.size) {
      throw executable.damaged(`${what} has ${size} bytes where there are ${region.size}`, this.#at('size'))
    }
  }

  get manifest(): Manifest {
    const { manifestOffset, manifestSize } = this.header
    const bytes = this.#read(manifestOffset, manifestSize, 'the manifest', 'manifestOffset')
    try {
      return JSON.parse(bytes.toString()) as Manifest
    } catch {
      throw this.#executable.damaged('the manifest is not JSON', this.#start + manifestOffset)
    }
  }

  /** Compressed; empty if there is none. */
  get info(): Buffer {
    return this.#read(this.header.infoOffset, this.header.infoSize, 'the build info', 'infoOffset')
  }

  /** Header, look-up table, entries, paths and manifest. */
  get index(): ArchiveRegion {
    return { fileOffset: this.#start, size: this.header.manifestOffset + this.header.manifestSize }
  }

  get infoFileOffset(): number {
    return this.#start + this.header.infoOffset
  }

  /** Reads the whole index: in proportion to the number of files. */
  entries(): InspectedEntry[] {
    const { entryCount, entriesOffset, pathsOffset, manifestOffset } = this.header
    const entries = viewOf(
      this.#read(entriesOffset, entryCount * ArchiveEntry.size, 'the entries', 'entriesOffset'),
    )
    const paths = this.#read(pathsOffset, manifestOffset - pathsOffset, 'the paths', 'pathsOffset')
    return Array.from({ length: entryCount }, (_, i) => {
      const entry = ArchiveEntry.read(entries, i * ArchiveEntry.size)
      const at = (field: Parameters<typeof ArchiveEntry.offsetOf>[0]) =>
        this.#start + entriesOffset + i * ArchiveEntry.size + ArchiveEntry.offsetOf(field)
      const { pathOffset, pathLength, kind, dataOffset, dataSize, codeOffset, cacheOffset, cacheSize } = entry
      const codeSize = codeOffset === dataOffset ? 0 : entry.codeSize
      if (pathOffset + pathLength > paths.length) {
        throw this.#executable.damaged(`the path of entry ${i} lies behind the paths`, at('pathOffset'))
      }
      const isDirectory = kind === KIND_DIRECTORY
      if (!isDirectory && dataOffset + dataSize > this.header.size) {
        throw this.#executable.damaged(`entry ${i} lies behind the archive`, at('dataSize'))
      }
      if (Math.max(codeOffset + codeSize, cacheOffset + cacheSize) > this.header.size) {
        throw this.#executable.damaged(`the code of entry ${i} lies behind the archive`, at('codeOffset'))
      }
      return {
        path: paths.toString('utf8', pathOffset, pathOffset + pathLength),
        kind: isDirectory ? 'directory' : kind === KIND_FILE ? 'file' : 'link',
        size: isDirectory ? 0 : dataSize,
        fileOffset: isDirectory ? 0 : this.#start + dataOffset,
        isModule: entry.format !== FORMAT_NONE,
        codeSize,
        codeFileOffset: codeSize === 0 ? 0 : this.#start + codeOffset,
        cacheSize,
        cacheFileOffset: cacheSize === 0 ? 0 : this.#start + cacheOffset,
      }
    })
  }

  #read(offset: number, size: number, what: string, field: keyof ArchiveIndex['header']): Buffer {
    if (offset + size > this.header.size || size < 0) {
      throw this.#executable.damaged(`${what} would lie behind the archive`, this.#at(field))
    }
    return this.#executable.read(this.#start + offset, size, what, this.#at(field))
  }

  #at(field: keyof ArchiveIndex['header']): number {
    return this.#start + ArchiveHeader.offsetOf(field)
  }
}
