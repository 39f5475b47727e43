// Where everything of an executable lies in its file: what differs from format to format, and all that the rest of
// inspect/ knows of it.

import { isMachO } from '../image/macho/layout.ts'
import { isPe } from '../image/pe/find.ts'
import type { ArchiveRegion } from './archive-index.ts'
import { readElfLayout } from './elf-layout.ts'
import type { ExecutableFile } from './executable-file.ts'
import type { InspectedParts, InspectedSignature, Region } from './inspection.ts'
import { readMachOLayout } from './macho-layout.ts'
import { readPeLayout } from './pe-layout.ts'

export interface Layout {
  readonly start: 'cold' | 'frozen'
  /** Bits of format/fuses.ts; undefined: they are in the archive's manifest. */
  readonly fuses: number | undefined
  /** Hashes of all bytes. */
  readonly seal: { readonly size: number; /** SHA-256, hex. */ readonly root: string } | undefined
  /** Of macOS. */
  readonly signature?: InspectedSignature
  readonly sizes: Pick<InspectedParts, 'runtime' | 'libraries' | 'bootstrap' | 'frozen'>
  /** The program's archive. */
  readonly program: ArchiveRegion
  /** The archive of libraries; undefined: those are the system's. */
  readonly libraries: ArchiveRegion | undefined
  /** The file `format/licenses.ts`, where there is no archive of libraries. */
  readonly licenses: ArchiveRegion | undefined
  /** What the system maps, and what lies in it. Later ones lie over earlier ones. */
  readonly regions: readonly Region[]
}

/** @throws BuildError IMAGE_…, INSPECT_DEVELOPMENT, INSPECT_DAMAGED */
export function readLayout(executable: ExecutableFile): Layout {
  const readAt = (offset: number, size: number) => executable.readUpTo(offset, size)
  if (isMachO(readAt)) return readMachOLayout(executable)
  return isPe(readAt) ? readPeLayout(executable) : readElfLayout(executable)
}
