// Node's single-executable blob: the one thing through which an unmodified node runs a program of
// ours at start. Node itself makes a template (--experimental-sea-config) with the bootstrap, its
// code cache and a stand-in for the payload; this takes the template apart and puts it together
// around the real payload. Format: node's src/node_sea.cc, SeaSerializer; strings are a u64 length
// and bytes.

import { viewOf } from '../base/bytes.ts'
import { BuildError } from '../base/diagnostics.ts'

/** node's kMagic */
const SEA_MAGIC = 0x143da20
/** node's SeaFlags */
const USE_CODE_CACHE = 1 << 2
const INCLUDE_ASSETS = 1 << 3
const INCLUDE_EXEC_ARGV = 1 << 4

/** The asset that is the payload. */
export const PAYLOAD_ASSET = 'payload'

export interface SeaBlob {
  /** Up to and without the assets. */
  readonly head: Uint8Array
  /** Assets besides the payload's stand-in. */
  readonly assets: readonly (readonly [name: string, content: Uint8Array])[]
  /** Behind the assets. */
  readonly tail: Uint8Array
}

/** @throws BuildError SEA_FORMAT if the template is not of the form that this knows. */
export function readSeaBlob(bytes: Uint8Array, file: string): SeaBlob {
  const view = viewOf(bytes)
  let offset = 0
  const fail = (message: string): never => {
    throw new BuildError('SEA_FORMAT', `this node's single-executable blob is not understood: ${message}`, {
      at: { file, offset },
      help: 'use a node 26 that this version of Ingot knows: --runtime node@26.10',
    })
  }
  const skip = (size: number) => {
    if (size > bytes.length - offset) fail('it ends too early')
    offset += size
  }
  const readLength = () => {
    skip(8)
    return Number(view.getBigUint64(offset - 8, true))
  }
  const readString = () => {
    const size = readLength()
    skip(size)
    return bytes.subarray(offset - size, offset)
  }

  if (bytes.length < 10 || view.getUint32(0, true) !== SEA_MAGIC) fail('wrong magic number')
  const flags = view.getUint32(4, true)
  if ((flags & INCLUDE_ASSETS) === 0 || (flags & INCLUDE_EXEC_ARGV) === 0)
    fail(`flags 0x${flags.toString(16)}`)
  skip(10) // magic, flags, u8 main script format, u8 execArgvExtension
  readString() // code path
  readString() // main script
  if (flags & USE_CODE_CACHE) readString()
  const head = bytes.subarray(0, offset)

  const assets: [string, Uint8Array][] = []
  for (let count = readLength(); count > 0; count--)
    assets.push([Buffer.from(readString()).toString(), readString()])
  const tail = bytes.subarray(offset)
  for (let count = readLength(); count > 0; count--) readString()
  if (offset !== bytes.length) fail('something follows the last field')
  return { head, assets: assets.filter(([name]) => name !== PAYLOAD_ASSET), tail }
}

/**
 * The blob up to the payload's first byte, with its size rounded up so that this byte lies on an
 * `alignment` boundary of a file in which the blob begins at `start`. The payload's length, a u64,
 * is the last field and still zero.
 */
export function emitSeaPrefix({ head, assets }: SeaBlob, start: number, alignment: number): Uint8Array {
  const padded = (size: number) =>
    Buffer.concat([
      head,
      u64(assets.length + 2),
      ...assets.flatMap(([name, content]) => [string(name), string(content)]),
      string('padding'),
      string(Buffer.alloc(size)),
      string(PAYLOAD_ASSET),
      u64(0),
    ])
  const unpadded = start + padded(0).length
  return padded((alignment - (unpadded % alignment)) % alignment)
}

function string(content: string | Uint8Array): Buffer {
  const bytes = Buffer.from(content)
  return Buffer.concat([u64(bytes.length), bytes])
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}
