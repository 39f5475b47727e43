// The launcher's flat binary begins with a header (launcher/start.S) that says where its entry
// and its hooks are.

import { viewOf } from '../../base/bytes.ts'
import { BuildError } from '../../base/diagnostics.ts'
import { struct } from '../../format/struct.ts'
import { LAYOUT_VERSION } from './layout.ts'

const LauncherHeader = struct({
  magicLow: 'u32',
  magicHigh: 'u32',
  layoutVersion: 'u64',
  entry: 'u64',
  open: 'u64',
  read: 'u64',
  pread: 'u64',
  fstatat: 'u64',
  mmap: 'u64',
  close: 'u64',
  access: 'u64',
  dataSize: 'u64',
})

/** The functions of ld.so that the launcher replaces. */
export type Hook = 'open' | 'read' | 'pread' | 'fstatat' | 'mmap' | 'close' | 'access'

export interface Launcher {
  readonly text: Uint8Array
  /** Virtual address of its entry. */
  readonly entry: number
  /** Virtual addresses. */
  readonly hooks: Readonly<Record<Hook, number>>
  /** Bytes of zeros it needs at LAUNCHER_DATA. */
  readonly dataSize: number
}

/** @throws BuildError LAUNCHER_MISMATCH if the binary was built for another layout. */
export function readLauncher(bytes: Uint8Array, file: string): Launcher {
  const magic = Buffer.from(bytes.subarray(0, 8)).toString('latin1')
  const header = magic === 'INGOTLCH' ? LauncherHeader.read(viewOf(bytes), 0) : undefined
  if (header?.layoutVersion !== LAYOUT_VERSION) {
    throw new BuildError('LAUNCHER_MISMATCH', `the launcher is not of layout ${LAYOUT_VERSION}`, {
      at: { file, offset: 8 },
      help: 'run launcher/build.sh',
    })
  }
  return { text: bytes, entry: header.entry, hooks: header, dataSize: header.dataSize }
}
