// Checks every byte of an executable against its seal, and the seal against its signature. Nothing of the file runs.

import type { KeyObject } from 'node:crypto'

import { BuildError } from '../base/diagnostics.ts'
import { BLOCK_SIZE, CLUSTER_SIZE, HASH_SIZE, ROOT_AREA, SIGNATURE_AREA } from '../format/seal.ts'
import { inTwoFiles } from '../image/elf/launch-table.ts'
import { checksumsOf, hashOfBlock } from './hash-part.ts'
import { withoutHoles } from './place.ts'
import { checksumOfFile } from './seal-executable.ts'
import { readSeal, rootAreaOf, type Part, type Seal } from './seal-image.ts'
import { SealedFile } from './sealed-file.ts'
import { isSigned, rawPublicKey, readSignature } from './signature.ts'

/** A run of bytes that are not what they were. */
export interface Damage {
  readonly part: Part['name'] | 'seal' | 'signature' | 'Info.plist' | 'end of the file'
  /** In the file, in bytes; the damage is somewhere in between. */
  readonly from: number
  readonly to: number
  /** Files of the program, and others with a name, that lie there. */
  readonly of?: readonly string[]
}

export interface Verification {
  /** SHA-256 of the seal, hex: two files with the same are the same. */
  readonly root: string
  readonly size: number
  readonly parts: readonly Part[]
  readonly damage: readonly Damage[]
  /** Raw public key, hex, of a signature that fits. */
  readonly signedBy: string | undefined
  /** Of macOS, whose signature has the hashes; the root is its code directory's. */
  readonly codeSignature?: { readonly identifier: string; readonly isAdHoc: boolean }
}

/**
 * @throws BuildError IMAGE_… if it is no executable of ours, SEAL_MISSING, SIGNATURE_MISSING or SIGNATURE_OTHER_KEY
 *   with a `key` that did not sign it
 */
export function verifyExecutable(name: string, key?: KeyObject): Verification {
  return SealedFile.open(name, 'r', (file) => {
    const { place } = file
    if (place.isInTwoFiles) throw inTwoFiles(name, place.saidAt)
    if (place.size === 0) {
      throw new BuildError('SEAL_MISSING', 'this executable has no seal', {
        at: { file: name, offset: place.saidAt },
        help: 'verify what "ingot build" has written; executables of "ingot dev" are not sealed',
      })
    }
    const sealEnd = place.offset + place.size
    const bytes = file.read(place.offset, place.size)
    const ofSeal = rootAreaOf(bytes)
    const area = place.root === undefined ? ofSeal : Buffer.from(file.read(place.root, ROOT_AREA))
    const root = area.subarray(0, HASH_SIZE)
    const seal = ofSeal.equals(area) ? readSeal(bytes, place.offset) : undefined
    const signature = readSignature(file.read(sealEnd, SIGNATURE_AREA))
    const isWhole = signature !== 'malformed' && (!signature || isSigned(root, signature))
    const end = sealEnd + SIGNATURE_AREA + place.behind
    const damage = seal ? damageOf(file, seal) : unsealedDamage(file, bytes)
    if (!isWhole) damage.push({ part: 'signature', from: sealEnd, to: sealEnd + SIGNATURE_AREA })
    if (file.size !== end)
      damage.push({ part: 'end of the file', from: Math.min(end, file.size), to: Math.max(end, file.size) })
    if (damage.length === 0) damage.push(...checksumDamage(file))
    const signedBy = isWhole && signature ? Buffer.from(signature.publicKey).toString('hex') : undefined
    if (key && damage.length === 0) requireSigner(name, signedBy, key)
    return { root: root.toString('hex'), size: file.size, parts: seal?.parts ?? [], damage, signedBy }
  })
}

/** What the seal has as zeros is in the checksum. Some that sign a file leave it as it was. */
function checksumDamage(file: SealedFile): Damage[] {
  const { checksum: from, behind } = file.place
  if (from === undefined || behind > 0) return []
  const isRight = Buffer.compare(file.read(from, 4), checksumOfFile(file, from)) === 0
  return isRight ? [] : [{ part: 'headers', from, to: from + 4 }]
}

/** The seal is not what the root says. Where it can be read all the same, it may be the root that is damaged. */
function unsealedDamage(file: SealedFile, bytes: Uint8Array): Damage[] {
  const { offset: from, size, root } = file.place
  const seal = readSeal(bytes, from)
  const ofSeal: Damage = { part: 'seal', from, to: from + size }
  if (!seal || root === undefined) return [ofSeal]
  const found = damageOf(file, seal)
  if (found.length > 0) return [...found, ofSeal]
  // Everything is as the seal says: then the root is wrong, or the seal in what nobody has compared.
  return [{ part: 'launch table', from: root, to: root + ROOT_AREA }, ofSeal]
}

function damageOf(file: SealedFile, { parts }: Seal): Damage[] {
  return parts.flatMap((part) =>
    part.hashes.flatMap((hash, i) => {
      const from = part.offset + i * BLOCK_SIZE
      const size = Math.min(BLOCK_SIZE, part.offset + part.size - from)
      const bytes = withoutHoles(file.read(from, size), from, file.place)
      if (bytes.length === size && Buffer.compare(hashOfBlock(bytes), hash) === 0) return []
      const expected = part.checksums.slice((i * BLOCK_SIZE) / CLUSTER_SIZE)
      const clusters = checksumsOf(bytes).flatMap((checksum, k) => (checksum === expected[k] ? [] : [k]))
      if (bytes.length < size || clusters.length === 0) return [{ part: part.name, from, to: from + size }]
      return clusters.map((k) => ({
        part: part.name,
        from: from + k * CLUSTER_SIZE,
        to: Math.min(from + (k + 1) * CLUSTER_SIZE, from + size),
      }))
    }),
  )
}

function requireSigner(name: string, signedBy: string | undefined, key: KeyObject): void {
  if (signedBy === rawPublicKey(key).toString('hex')) return
  const isUnsigned = signedBy === undefined
  const message = isUnsigned ? 'it is not signed' : `it is signed by another key: ${signedBy}`
  throw new BuildError(isUnsigned ? 'SIGNATURE_MISSING' : 'SIGNATURE_OTHER_KEY', message, {
    at: { file: name },
    help: 'get the file from who has the key, or sign it with "ingot sign"',
  })
}
