// The launcher's flat binary begins with a header (launcher/start.S) that says where its entry
// and its hooks are.

import { viewOf } from '../../base/bytes.ts'
import { BuildError } from '../../base/diagnostics.ts'
import { struct } from '../../format/struct.ts'
import { LAUNCHER_DATA, LAUNCHER_TEXT, LAYOUT_VERSION, LOADER_BASE } from './layout.ts'

export const LauncherHeader = struct({
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
  systemCall: 'u64',
  getenv: 'u64',
  unsetenv: 'u64',
  getpid: 'u64',
  sbrk: 'u64',
  forkId: 'u64',
  environ: 'u64',
  getTitle: 'u64',
  setTitle: 'u64',
  freezeRecord: 'u64',
  dataSize: 'u64',
})

/** The functions of ld.so that the launcher replaces. */
export type Hook = 'open' | 'read' | 'pread' | 'fstatat' | 'mmap' | 'close' | 'access'

/** The functions of libc that it can replace as a whole. */
const REPLACED = ['getenv', 'unsetenv', 'getpid', 'sbrk'] as const
export type Replacement = (typeof REPLACED)[number]

/** Functions of libuv that node calls through it. */
const CALLS = ['environ', 'getTitle', 'setTitle'] as const
export type NodeCall = (typeof CALLS)[number]

export interface Launcher {
  readonly text: Uint8Array
  /** Virtual address of its entry. */
  readonly entry: number
  /** Virtual addresses. */
  readonly hooks: Readonly<Record<Hook, number>>
  /** Virtual address of what stands in for libc's system calls. */
  readonly systemCall: number
  /** Virtual addresses. */
  readonly replacements: Readonly<Record<Replacement, number>>
  /** Virtual address of what stands in for OpenSSL's openssl_get_fork_id. */
  readonly forkId: number
  /** Virtual addresses of what node calls in place of libuv's functions (calls.ts). */
  readonly calls: Readonly<Record<NodeCall, number>>
  /** Virtual address of what a build run writes for src/freeze/. */
  readonly freezeRecord: number
  /** Bytes of zeros it needs at LAUNCHER_DATA. */
  readonly dataSize: number
}

/** @throws BuildError LAUNCHER_MISMATCH if the binary was built for another layout, or is damaged. */
export function readLauncher(bytes: Uint8Array, file: string): Launcher {
  const fail = (message: string, field: keyof typeof header): never => {
    throw new BuildError('LAUNCHER_MISMATCH', message, {
      at: { file, offset: LauncherHeader.offsetOf(field) },
      help: 'run launcher/build.sh',
    })
  }
  const isWhole = bytes.length >= LauncherHeader.size && bytes.length <= LAUNCHER_DATA - LAUNCHER_TEXT
  if (!isWhole || Buffer.from(bytes.subarray(0, 8)).toString('latin1') !== 'INGOTLCH') {
    return fail('this is not a launcher', 'magicLow')
  }
  const header = LauncherHeader.read(viewOf(bytes), 0)
  if (header.layoutVersion !== LAYOUT_VERSION)
    fail(`the launcher is not of layout ${LAYOUT_VERSION}`, 'layoutVersion')
  for (const field of CODE_ADDRESSES) {
    const isCode =
      header[field] >= LAUNCHER_TEXT + LauncherHeader.size && header[field] < LAUNCHER_TEXT + bytes.length
    if (!isCode) fail(`the launcher’s ${field} is not inside it`, field)
  }
  if (header.dataSize > LOADER_BASE - LAUNCHER_DATA) fail('the launcher has too much data', 'dataSize')
  return {
    text: bytes,
    entry: header.entry,
    hooks: header,
    systemCall: header.systemCall,
    replacements: header,
    forkId: header.forkId,
    calls: header,
    freezeRecord: header.freezeRecord,
    dataSize: header.dataSize,
  }
}

const CODE_ADDRESSES = [
  'entry',
  'open',
  'read',
  'pread',
  'fstatat',
  'mmap',
  'close',
  'access',
  'systemCall',
  ...REPLACED,
  'forkId',
  ...CALLS,
] as const
