// Reads an executable without running it. What it is and how it starts say its headers; what is inside, its build info.

import { zstdDecompressSync } from 'node:zlib'

import { BuildError } from '../base/diagnostics.ts'
import { FROZEN_DIFFERS, type BuildInfo } from '../format/build-info.ts'
import { DEFAULT_FUSES, readFuses } from '../format/fuses.ts'
import { ArchiveIndex } from './archive-index.ts'
import { ExecutableFile } from './executable-file.ts'
import { compare, type Compared } from './compare.ts'
import type { Differences } from './differences.ts'
import type { InspectedEntry, Inspection, Region } from './inspection.ts'
import { readLayout, type Layout } from './layout.ts'
import { regionsIn } from './regions.ts'

/** @throws BuildError INSPECT_UNREADABLE, INSPECT_NOT_INGOT, INSPECT_DAMAGED, INSPECT_NO_INFO, each with a byte offset */
export function readExecutable(file: string): Inspection {
  return ExecutableFile.use(file, inspect)
}

function inspect(executable: ExecutableFile): Inspection {
  const layout = readLayout(executable)
  const { start, seal, signature, sizes } = layout
  const archive = programOf(executable, layout)
  const info = infoOf(executable, archive)
  const { unless } = info.reproducible
  const { manifest } = archive
  return {
    file: executable.file,
    size: executable.size,
    ...(executable.compressedSize !== undefined && { compressedSize: executable.compressedSize }),
    start,
    fuses: readFuses(layout.fuses ?? manifest.fuses ?? DEFAULT_FUSES),
    seal,
    ...(signature && { signature }),
    parts: {
      ...sizes,
      program: layout.program.size,
      info: archive.header.infoSize,
      seal: seal?.size ?? 0,
    },
    entryCount: archive.header.entryCount,
    manifest,
    reproducible: { unless: unless.filter((reason) => start === 'frozen' || reason !== FROZEN_DIFFERS) },
    info,
  }
}

/** All that the program's archive holds, sorted by directory. Reads its whole index. */
export function readEntries(file: string): InspectedEntry[] {
  return ExecutableFile.use(file, (executable) => programOf(executable, readLayout(executable)).entries())
}

/** What lies where, from the first byte to the last. Reads both indexes. */
export function readRegions(file: string): Region[] {
  return ExecutableFile.use(file, (executable) => regionsIn(executable, readLayout(executable)))
}

/** What has changed from one to the other. Reads all of both. */
export function compareExecutables(before: string, after: string): Differences {
  const open = <T>(file: string, use: (compared: Compared) => T) =>
    ExecutableFile.use(file, (executable) => {
      const layout = readLayout(executable)
      const regions = regionsIn(executable, layout)
      const archive = programOf(executable, layout)
      return use({ executable, inspection: inspect(executable), archive, regions })
    })
  return open(before, (a) => open(after, (b) => compare(a, b)))
}

function programOf(executable: ExecutableFile, { program }: Layout) {
  return new ArchiveIndex(executable, program, 'the program’s archive')
}

/** What a damaged one may become. */
const INFO_LIMIT = 2 ** 28

function infoOf(executable: ExecutableFile, archive: ArchiveIndex): BuildInfo {
  const bytes = archive.info
  const offset = archive.infoFileOffset
  if (bytes.length === 0) {
    throw new BuildError('INSPECT_NO_INFO', 'an executable of Ingot, but without build info', {
      at: { file: executable.file, offset },
      help: 'build it again: older versions of Ingot wrote none',
    })
  }
  let info: BuildInfo
  try {
    info = JSON.parse(zstdDecompressSync(bytes, { maxOutputLength: INFO_LIMIT }).toString()) as BuildInfo
  } catch {
    throw executable.damaged('the build info cannot be decompressed', offset)
  }
  if (info.version === 1) return info
  throw executable.notOurs(
    `its build info is of version ${info.version as number}, this Ingot reads 1`,
    offset,
  )
}
