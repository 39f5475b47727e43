// Where things lie in an executable's address space. launcher/layout.h says the same to the
// launcher, whose header carries LAYOUT_VERSION.

import { struct } from '../../format/struct.ts'

export const LAYOUT_VERSION = 9

/** Below every official node. What a program changes lies below or above all else, which can be a file of its own (split.ts). */
export const LAUNCH_TABLE = 0x3f_0000
/** Free in every official node, which begins at 0x400000 and ends below this. */
export const LAUNCHER_TEXT = 0x1000_0000
export const LAUNCHER_DATA = 0x1001_0000
/** Within a 32-bit jump of the launcher, for the hooks. */
export const LOADER_BASE = 0x1010_0000
export const SYSTEM_BASE = 0x1100_0000
/** Far from everything, so that it may grow: V8 wants its code range within 2 GiB of node's text. */
export const PAYLOAD_BASE = 0x2_0000_0000
/** Behind the largest payload. */
export const SEAL_BASE = 0x10_0000_0000
/** Where the kernel maps a frozen process before the launcher moves it into place. */
export const PARKING_BASE = 0x20_0000_0000

/** 32 bytes. */
const ROOT_WORDS = {
  root0: 'u64',
  root1: 'u64',
  root2: 'u64',
  root3: 'u64',
  sealChecksum: 'u64',
} as const

/** "NGTABL01" as a little-endian number is not a safe integer: written as two halves. */
export const LaunchTable = struct({
  magicLow: 'u32',
  magicHigh: 'u32',
  loaderBase: 'u64',
  loaderEntry: 'u64',
  loaderErrno: 'u64',
  programEntry: 'u64',
  programHeader: 'u64',
  programHeaderCount: 'u64',
  systemAddress: 'u64',
  systemFileOffset: 'u64',
  systemSize: 'u64',
  payloadAddress: 'u64',
  payloadFileOffset: 'u64',
  payloadSize: 'u64',
  environ: 'u64',
  mayFreeze: 'u64',
  thaw: 'u64',
  isDevelopment: 'u64',
  webassemblyTrap: 'u64',
  /** src/format/fuses.ts */
  fuses: 'u64',
  /** src/format/seal.ts */
  sealAddress: 'u64',
  sealFileOffset: 'u64',
  sealSize: 'u64',
  /** SHA-256 of the seal. */
  ...ROOT_WORDS,
  /** Addresses in node (sealing.ts). */
  seaSwitch: 'u64',
  getenvCaller: 'u64',
  environmentReader: 'u64',
  programEnvironment: 'u64',
  programEnvironmentEnd: 'u64',
  /** In libc. */
  mallocTrim: 'u64',
  /** In node (end.ts). */
  endIsolate: 'u64',
  endContext: 'u64',
  endEnvironment: 'u64',
  endAtExit: 'u64',
  endHandler: 'u64',
  /** Functions of node that it calls through the launcher (calls.ts). */
  osEnviron: 'u64',
  getTitle: 'u64',
  setTitle: 'u64',
  /** Address of the path of the file that the runtime is in (split.ts); 0: this one. */
  runtime: 'u64',
})
/** Of an executable that is not sealed yet. */
export const NO_SEAL = {
  sealAddress: 0,
  sealFileOffset: 0,
  sealSize: 0,
  root0: 0,
  root1: 0,
  root2: 0,
  root3: 0,
  sealChecksum: 0,
} as const
export const LAUNCH_TABLE_MAGIC = { magicLow: 0x4154474e, magicHigh: 0x31304c42 }
