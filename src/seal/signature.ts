// The signature of a seal's root: Ed25519 (RFC 8032), at the end of the file together with the public key.

import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'

import { viewOf } from '../base/bytes.ts'
import { BuildError } from '../base/diagnostics.ts'
import {
  ED25519,
  PUBLIC_KEY_SIZE,
  SIGNATURE_AREA,
  SIGNATURE_MAGIC,
  SIGNATURE_SIZE,
  SIGNED_PREFIX,
  SignatureRecord,
} from '../format/seal.ts'

export interface Signature {
  /** Raw. */
  readonly publicKey: Uint8Array
  readonly bytes: Uint8Array
}

export function noSignature(): Uint8Array {
  return record(0)
}

function record(algorithm: number): Uint8Array {
  const area = new Uint8Array(SIGNATURE_AREA)
  SignatureRecord.write(viewOf(area), 0, { ...SIGNATURE_MAGIC, algorithm, reserved: 0 })
  return area
}

/** The bytes of the file's end. */
export function signRoot(root: Uint8Array, key: KeyObject): Uint8Array {
  const area = record(ED25519)
  area.set(rawPublicKey(createPublicKey(key)), SignatureRecord.size)
  area.set(sign(null, signedBytes(root), key), SignatureRecord.size + PUBLIC_KEY_SIZE)
  return area
}

/** Undefined: there is none; 'malformed': neither a signature nor the room for one. */
export function readSignature(area: Uint8Array): Signature | 'malformed' | undefined {
  if (area.length !== SIGNATURE_AREA) return 'malformed'
  const { algorithm } = SignatureRecord.read(viewOf(area), 0)
  if (algorithm === 0) return Buffer.compare(area, noSignature()) === 0 ? undefined : 'malformed'
  if (
    Buffer.compare(area.subarray(0, SignatureRecord.size), record(ED25519).subarray(0, SignatureRecord.size))
  )
    return 'malformed'
  const keyEnd = SignatureRecord.size + PUBLIC_KEY_SIZE
  return {
    publicKey: area.subarray(SignatureRecord.size, keyEnd),
    bytes: area.subarray(keyEnd, keyEnd + SIGNATURE_SIZE),
  }
}

/** Whether the key that comes with the signature has made it. Whose key that is, is another question. */
export function isSigned(root: Uint8Array, { publicKey, bytes }: Signature): boolean {
  try {
    return verify(null, signedBytes(root), publicKeyOf(publicKey), bytes)
  } catch {
    return false // bytes that are no point of the curve
  }
}

function signedBytes(root: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(SIGNED_PREFIX, 'latin1'), root])
}

function publicKeyOf(raw: Uint8Array): KeyObject {
  return createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(raw).toString('base64url') },
    format: 'jwk',
  })
}

export function rawPublicKey(key: KeyObject): Buffer {
  return Buffer.from(String(key.export({ format: 'jwk' }).x), 'base64url')
}

/**
 * @param file PEM (PKCS#8), as `openssl genpkey -algorithm ed25519` writes it
 * @throws BuildError SIGNATURE_KEY
 */
export function readPrivateKey(file: string): KeyObject {
  return readKey(file, createPrivateKey, 'a private key: openssl genpkey -algorithm ed25519 -out key.pem')
}

/**
 * @param file PEM, of the public key or of the private one
 * @throws BuildError SIGNATURE_KEY
 */
export function readPublicKey(file: string): KeyObject {
  return readKey(file, createPublicKey, 'a public key: openssl pkey -in key.pem -pubout -out public.pem')
}

function readKey(file: string, parse: (pem: Buffer) => KeyObject, wanted: string): KeyObject {
  const refuse = (why: string, cause?: unknown): never => {
    throw new BuildError('SIGNATURE_KEY', `this key cannot be used: ${why}`, {
      at: { file },
      help: `name a PEM file with ${wanted}`,
      cause,
    })
  }
  try {
    const key = parse(readFileSync(file))
    return key.asymmetricKeyType === 'ed25519' ? key : refuse(`it is of type ${key.asymmetricKeyType}`)
  } catch (error) {
    if (error instanceof BuildError) throw error
    return refuse((error as Error).message, error)
  }
}
