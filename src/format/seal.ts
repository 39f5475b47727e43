// The seal: what every byte of an executable has to be. It is the last but one thing in the file, and its own SHA-256
// (the root) is in the launch table; behind it lies the signature of the root, or the room for one.
//
//   header | parts | SHA-256 of each block | checksum of each cluster
//
// A part is a run of the file that has a name. Parts follow each other without a gap, from the file's first byte to the
// seal; each has blocks and clusters of its own. Where the launch table keeps the root, zeros are hashed. SHA-256 is
// for whoever looks at the file (`ingot verify`), checksums (checksum.ts) for the program itself, which looks at what
// it uses.

import { struct } from './struct.ts'

/** "INSEAL02" */
export const SEAL_MAGIC = { magicLow: 0x45534e49, magicHigh: 0x32304c41 }

export const SealHeader = struct({
  magicLow: 'u32',
  magicHigh: 'u32',
  partCount: 'u32',
  /** Bytes; a multiple of the clusters' size. */
  blockSize: 'u32',
  clusterSize: 'u32',
  reserved: 'u32',
  /** From the seal's start. */
  hashesOffset: 'u64',
  checksumsOffset: 'u64',
})

export const SealPart = struct({
  /** Index of its name in PART_NAMES. */
  name: 'u32',
  /** Index of its first block and of its first cluster. */
  firstBlock: 'u32',
  firstCluster: 'u32',
  reserved: 'u32',
  /** In the file. */
  offset: 'u64',
  size: 'u64',
})

/**
 * Added to a part's offset: it is not in this file but in the one of the runtime (image/elf/split.ts). Such parts come
 * first; those of this file begin at 0 again.
 */
export const IN_RUNTIME = 2 ** 40

/** launcher/verify.c has the same. */
export const PART_NAMES = [
  'runtime',
  'launcher',
  'launch table',
  'loader',
  'libraries',
  'bootstrap',
  'program',
  'frozen process',
  // Not of Linux: what says where everything else is.
  'headers',
] as const
export type PartName = (typeof PART_NAMES)[number]

export const BLOCK_SIZE = 1 << 19
export const CLUSTER_SIZE = 1 << 17
export const HASH_SIZE = 32
/** In the launch table: the root, and a checksum of the seal for the launcher. Zeros, where they are hashed. */
export const ROOT_AREA = HASH_SIZE + 8

/** Behind the seal, at the file's end. */
export const SignatureRecord = struct({
  /** "INSIGN01" */
  magicLow: 'u32',
  magicHigh: 'u32',
  /** 0: not signed; 1: Ed25519. */
  algorithm: 'u32',
  reserved: 'u32',
})
export const SIGNATURE_MAGIC = { magicLow: 0x49534e49, magicHigh: 0x31304e47 }
export const ED25519 = 1
/** Raw, as in RFC 8032. */
export const PUBLIC_KEY_SIZE = 32
export const SIGNATURE_SIZE = 64
/** The record, the public key and the signature; zeros where there is none. */
export const SIGNATURE_AREA = SignatureRecord.size + PUBLIC_KEY_SIZE + SIGNATURE_SIZE
/** What is signed is this text and the root: the signature fits to nothing else. */
export const SIGNED_PREFIX = 'ingot executable, seal version 1\0'
