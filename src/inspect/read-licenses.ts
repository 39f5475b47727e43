// The licence texts that every executable has inside: node's, and those of glibc and the C++ runtime.

import { brotliDecompressSync } from 'node:zlib'

import { LICENSES } from '../format/licenses.ts'
import { ArchiveIndex, type ArchiveRegion } from './archive-index.ts'
import { ExecutableFile } from './executable-file.ts'
import { readLayout } from './layout.ts'

/** What a damaged one may become. */
const TEXT_LIMIT = 2 ** 26

/** By name: `node`, `libc6`. @throws BuildError as readExecutable */
export function readLicenses(file: string): Record<string, string> {
  return ExecutableFile.use(file, (executable) => {
    const { fileOffset, size } = placeOfLicenses(executable)
    const bytes = executable.read(fileOffset, size, 'the licences')
    try {
      return JSON.parse(brotliDecompressSync(bytes, { maxOutputLength: TEXT_LIMIT }).toString())
    } catch {
      throw executable.damaged('the licences cannot be decompressed', fileOffset)
    }
  })
}

function placeOfLicenses(executable: ExecutableFile): ArchiveRegion {
  const { licenses, libraries } = readLayout(executable)
  if (!libraries) return licenses!
  const archive = new ArchiveIndex(executable, libraries, 'the archive of libraries')
  const entry = archive.entries().find(({ path }) => path === LICENSES)
  if (!entry) throw executable.damaged('the archive of libraries has no licences', libraries.fileOffset)
  return entry
}
