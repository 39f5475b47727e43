// Hashes a part of an executable in blocks and clusters (format/seal.ts).

import { hash } from 'node:crypto'

import { checksumOf } from '../format/checksum.ts'
import { BLOCK_SIZE, CLUSTER_SIZE } from '../format/seal.ts'

export interface PartHashes {
  /** SHA-256 of each block. */
  readonly hashes: readonly Uint8Array[]
  /** Of each cluster. */
  readonly checksums: readonly bigint[]
}

export function hashPart(bytes: Uint8Array): PartHashes {
  return {
    hashes: pieces(bytes, BLOCK_SIZE).map(hashOfBlock),
    checksums: checksumsOf(bytes),
  }
}

export function hashOfBlock(bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer')
}

export function checksumsOf(bytes: Uint8Array): bigint[] {
  return pieces(bytes, CLUSTER_SIZE).map(checksumOf)
}

function pieces(bytes: Uint8Array, size: number): Uint8Array[] {
  const count = Math.ceil(bytes.length / size)
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
}

/** As JSON keeps it. */
export interface StoredHashes {
  readonly hashes: readonly string[]
  readonly checksums: readonly string[]
}

export function storeHashes({ hashes, checksums }: PartHashes): StoredHashes {
  return {
    hashes: hashes.map((hash) => Buffer.from(hash).toString('base64')),
    checksums: checksums.map(String),
  }
}

export function readHashes({ hashes, checksums }: StoredHashes): PartHashes {
  return {
    hashes: hashes.map((hash) => Buffer.from(hash, 'base64')),
    checksums: checksums.map(BigInt),
  }
}
