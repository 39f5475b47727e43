// The licence texts that every executable has inside: node's, and those of glibc and the C++ runtime.

import { brotliDecompressSync } from 'node:zlib'

import { LICENSES } from '../format/licenses.ts'
import { ArchiveIndex } from './archive-index.ts'
import { ExecutableFile } from './executable-file.ts'
import { readLaunch } from './launch-table.ts'

/** What a damaged one may become. */
const TEXT_LIMIT = 2 ** 26

/** By name: `node`, `libc6`. @throws BuildError as readExecutable */
export function readLicenses(file: string): Record<string, string> {
  return ExecutableFile.use(file, (executable) => {
    const { systemFileOffset, systemSize } = readLaunch(executable).table
    const region = { fileOffset: systemFileOffset, size: systemSize }
    const archive = new ArchiveIndex(executable, region, 'the archive of libraries')
    const entry = archive.entries().find(({ path }) => path === LICENSES)
    if (!entry) throw executable.damaged('the archive of libraries has no licences', systemFileOffset)
    const bytes = executable.read(entry.fileOffset, entry.size, 'the licences')
    try {
      return JSON.parse(brotliDecompressSync(bytes, { maxOutputLength: TEXT_LIMIT }).toString())
    } catch {
      throw executable.damaged('the licences cannot be decompressed', entry.fileOffset)
    }
  })
}
