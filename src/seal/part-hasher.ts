// Hashes a run of bytes in blocks and clusters (format/seal.ts), as it comes.

import { createHash, type Hash } from 'node:crypto'
import { crc32 } from 'node:zlib'

import { BLOCK_SIZE, CLUSTER_SIZE } from '../format/seal.ts'

export interface PartHashes {
  /** SHA-256 of each block. */
  readonly hashes: readonly Uint8Array[]
  /** CRC-32 of each cluster. */
  readonly checksums: readonly number[]
}

export class PartHasher {
  readonly #hashes: Uint8Array[] = []
  readonly #checksums: number[] = []
  #block: Hash | undefined
  #inBlock = 0
  #checksum = 0
  #inCluster = 0

  update(bytes: Uint8Array): this {
    for (let at = 0; at < bytes.length;) {
      const piece = bytes.subarray(at, at + CLUSTER_SIZE - this.#inCluster)
      this.#block ??= createHash('sha256')
      this.#block.update(piece)
      this.#checksum = crc32(piece, this.#checksum)
      this.#inBlock += piece.length
      this.#inCluster += piece.length
      at += piece.length
      if (this.#inCluster === CLUSTER_SIZE) this.#endCluster()
      if (this.#inBlock === BLOCK_SIZE) this.#endBlock()
    }
    return this
  }

  finish(): PartHashes {
    if (this.#inCluster > 0) this.#endCluster()
    if (this.#inBlock > 0) this.#endBlock()
    return { hashes: this.#hashes, checksums: this.#checksums }
  }

  #endCluster(): void {
    this.#checksums.push(this.#checksum)
    this.#checksum = this.#inCluster = 0
  }

  #endBlock(): void {
    this.#hashes.push(this.#block!.digest())
    this.#block = undefined
    this.#inBlock = 0
  }
}

export function hashPart(bytes: Uint8Array): PartHashes {
  return new PartHasher().update(bytes).finish()
}
