// Hashes of bytes and of files. Files are streamed: a runtime is 150 MB.

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

export async function sha256File(file: string): Promise<string> {
  return (await digestFile(file, 'sha256')).toString('hex')
}

/** Subresource Integrity, as in package-lock.json: `sha512-` and base64. */
export async function integrityOfFile(file: string): Promise<string> {
  return `sha512-${(await digestFile(file, 'sha512')).toString('base64')}`
}

async function digestFile(file: string, algorithm: string): Promise<Buffer> {
  const hash = createHash(algorithm)
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash)
  return hash.digest()
}
