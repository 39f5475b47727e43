// The seal's bytes: written from what the parts hash to, and read again without trust in any of it.

import { createHash } from 'node:crypto'

import { alignUp, viewOf } from '../base/bytes.ts'
import { CHECKSUM_SIZE, checksumOf, STEP } from '../format/checksum.ts'
import {
  BLOCK_SIZE,
  CLUSTER_SIZE,
  HASH_SIZE,
  PART_NAMES,
  SEAL_MAGIC,
  SealHeader,
  SealPart,
  type PartName,
} from '../format/seal.ts'
import type { PartHashes } from './hash-part.ts'

/** Offset and size in the file. */
export interface Part {
  readonly name: PartName
  readonly offset: number
  readonly size: number
}

export interface Seal {
  readonly parts: readonly (Part & PartHashes)[]
}

export function sealSize(parts: readonly Part[]): number {
  const { hashesOffset, blocks, clusters } = layOut(parts)
  return alignUp(hashesOffset + blocks * HASH_SIZE + clusters * CHECKSUM_SIZE, STEP)
}

function layOut(parts: readonly Part[]) {
  const blocks = parts.reduce((sum, { size }) => sum + Math.ceil(size / BLOCK_SIZE), 0)
  const clusters = parts.reduce((sum, { size }) => sum + Math.ceil(size / CLUSTER_SIZE), 0)
  return { hashesOffset: SealHeader.size + parts.length * SealPart.size, blocks, clusters }
}

export function writeSeal({ parts }: Seal): Uint8Array {
  const bytes = new Uint8Array(sealSize(parts))
  const view = viewOf(bytes)
  const { hashesOffset, blocks } = layOut(parts)
  const checksumsOffset = hashesOffset + blocks * HASH_SIZE
  SealHeader.write(view, 0, {
    ...SEAL_MAGIC,
    partCount: parts.length,
    blockSize: BLOCK_SIZE,
    clusterSize: CLUSTER_SIZE,
    reserved: 0,
    hashesOffset,
    checksumsOffset,
  })
  let firstBlock = 0
  let firstCluster = 0
  parts.forEach(({ name, offset, size, hashes, checksums }, i) => {
    SealPart.write(view, SealHeader.size + i * SealPart.size, {
      name: PART_NAMES.indexOf(name),
      firstBlock,
      firstCluster,
      reserved: 0,
      offset,
      size,
    })
    for (const hash of hashes) bytes.set(hash, hashesOffset + HASH_SIZE * firstBlock++)
    for (const checksum of checksums)
      view.setBigUint64(checksumsOffset + CHECKSUM_SIZE * firstCluster++, checksum, true)
  })
  return bytes
}

/** Undefined if these bytes are no seal of a file that has its seal there. */
export function readSeal(bytes: Uint8Array, sealOffset: number): Seal | undefined {
  if (bytes.length < SealHeader.size) return undefined
  const view = viewOf(bytes)
  const header = SealHeader.read(view, 0)
  const { magicLow, magicHigh, partCount, blockSize, clusterSize, hashesOffset, checksumsOffset } = header
  const isSeal = magicLow === SEAL_MAGIC.magicLow && magicHigh === SEAL_MAGIC.magicHigh
  if (!isSeal || blockSize !== BLOCK_SIZE || clusterSize !== CLUSTER_SIZE) return undefined
  if (partCount > bytes.length / SealPart.size) return undefined
  const parts: Part[] = []
  let end = 0
  for (let i = 0; i < partCount; i++) {
    if (SealHeader.size + (i + 1) * SealPart.size > bytes.length) return undefined
    const part = SealPart.read(view, SealHeader.size + i * SealPart.size)
    const name = PART_NAMES[part.name]
    if (name === undefined || part.offset !== end || part.size > sealOffset - end) return undefined
    parts.push({ name, offset: part.offset, size: part.size })
    end += part.size
  }
  const { hashesOffset: expected, blocks } = layOut(parts)
  const isWhole = end === sealOffset && bytes.length === sealSize(parts)
  if (!isWhole || hashesOffset !== expected || checksumsOffset !== expected + blocks * HASH_SIZE) {
    return undefined
  }
  let block = 0
  let cluster = 0
  const take = <T>(count: number, next: () => T) => Array.from({ length: count }, next)
  return {
    parts: parts.map((part) => ({
      ...part,
      hashes: take(Math.ceil(part.size / BLOCK_SIZE), () => {
        const at = hashesOffset + HASH_SIZE * block++
        return bytes.subarray(at, at + HASH_SIZE)
      }),
      checksums: take(Math.ceil(part.size / CLUSTER_SIZE), () =>
        view.getBigUint64(checksumsOffset + CHECKSUM_SIZE * cluster++, true),
      ),
    })),
  }
}

/** What the launch table has of a seal: its root, and the checksum. */
export function rootAreaOf(seal: Uint8Array): Buffer {
  const checksum = Buffer.alloc(CHECKSUM_SIZE)
  checksum.writeBigUInt64LE(checksumOf(seal))
  return Buffer.concat([createHash('sha256').update(seal).digest(), checksum])
}
