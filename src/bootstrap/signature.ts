// With the fuse `signature`: before anything of the program runs, the whole file is compared with its seal, and the seal
// with its signature. By node's own cryptography, so it is worth what node is worth: it finds what nobody has meant to
// hide, and `ingot verify --key`, on another machine, the rest.

import {
  BLOCK_SIZE,
  ED25519,
  HASH_SIZE,
  PART_NAMES,
  PUBLIC_KEY_SIZE,
  ROOT_AREA,
  SealHeader,
  SealPart,
  SIGNATURE_AREA,
  SignatureRecord,
  SIGNED_PREFIX,
} from '../format/seal.ts'
import { CONTROL_ROOT } from './control.ts'
import type { InternalRequire } from './internals.ts'

/** sysexits.h, EX_NOPERM */
const EXIT_UNTRUSTED = 77

export function checkSignature(load: InternalRequire): void {
  const damage = findDamage(load)
  if (damage === undefined) return
  ;(process as any)._rawDebug(
    `error SIGNATURE_INVALID ${process.execPath}  ${damage}\n` +
      '  help: get the file from who has signed it; "ingot verify" looks at all of it',
  )
  ;(process as any).reallyExit(EXIT_UNTRUSTED)
}

function findDamage(load: InternalRequire): string | undefined {
  const { openSync, closeSync, readSync, readFileSync } = load('fs')
  const { createPublicKey, hash, verify } = load('crypto')
  let descriptor: number
  try {
    descriptor = openSync(`${CONTROL_ROOT}own-file`, 'r')
  } catch {
    return 'the executable cannot be read, so its signature cannot be checked'
  }
  const read = (offset: number, size: number): Buffer => {
    const bytes = Buffer.alloc(size)
    return bytes.subarray(0, readSync(descriptor, bytes, 0, size, offset))
  }
  const sha256 = (bytes: Buffer): Buffer => hash('sha256', bytes, 'buffer')
  try {
    const place: Buffer = readFileSync(`${CONTROL_ROOT}seal`)
    const [sealOffset, sealSize, rootInTable] = [0, 8, 16].map((at) => Number(place.readBigUInt64LE(at)))
    const seal = read(sealOffset!, sealSize!)
    const area = read(sealOffset! + sealSize!, SIGNATURE_AREA)
    const view = new DataView(seal.buffer, seal.byteOffset)
    const { partCount, hashesOffset } = SealHeader.read(view, 0)
    const parts = Array.from({ length: partCount }, (_, i) =>
      SealPart.read(view, SealHeader.size + i * SealPart.size),
    )
    const rootOffset = parts.find(({ name }) => PART_NAMES[name] === 'launch table')!.offset + rootInTable!
    const root = sha256(seal)
    if (!root.equals(read(rootOffset, HASH_SIZE))) return 'its seal is damaged'
    if (area.readUInt32LE(SignatureRecord.offsetOf('algorithm')) !== ED25519) return 'it is not signed'
    const keyEnd = SignatureRecord.size + PUBLIC_KEY_SIZE
    const x = area.toString('base64url', SignatureRecord.size, keyEnd)
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
    const signed = Buffer.concat([Buffer.from(SIGNED_PREFIX, 'latin1'), root])
    if (!verify(null, signed, key, area.subarray(keyEnd))) return 'its signature is not of this file'
    for (const { name, offset, size, firstBlock } of parts) {
      for (let at = 0, block = firstBlock; at < size; at += BLOCK_SIZE, block++) {
        const start = offset + at
        const bytes = read(start, Math.min(BLOCK_SIZE, size - at))
        if (start <= rootOffset && rootOffset < start + bytes.length)
          bytes.fill(0, rootOffset - start, rootOffset - start + ROOT_AREA)
        const expected = seal.subarray(hashesOffset + HASH_SIZE * block).subarray(0, HASH_SIZE)
        if (!sha256(bytes).equals(expected)) return `its ${PART_NAMES[name]} is damaged`
      }
    }
    return undefined
  } catch (error) {
    return `its seal cannot be read: ${(error as Error).message}`
  } finally {
    closeSync(descriptor)
  }
}
