// Node's single-executable blob: the one thing through which an unmodified node runs a program of
// ours at start. Node itself makes a template (--experimental-sea-config) with the bootstrap, its
// code cache and a stand-in for the payload; this takes the template apart and puts it together
// around the real payload. Format: node's src/node_sea.cc, SeaSerializer; strings are a u64 length
// and bytes.

import { viewOf } from '../base/bytes.ts'
import { BuildError } from '../base/diagnostics.ts'

/** node's kMagic */
export const SEA_MAGIC = 0x143da20
/** node's SeaFlags */
const USE_CODE_CACHE = 1 << 2
const INCLUDE_ASSETS = 1 << 3
const INCLUDE_EXEC_ARGV = 1 << 4

/** node's switch that says whether there is a blob: the byte after the colon. */
export const SEA_FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:0'

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

/** Where a part of a file lies. */
interface Place {
  readonly fileOffset: number
  readonly size: number
}

/** Of names and their number: what is longer is none of ours. */
const NAME_LIMIT = 256
const ASSET_LIMIT = 64

/**
 * Where a blob has its assets, by name; undefined if it is none, or damaged. Reads little of it.
 * @param read gives so many bytes
 */
export function locateAssets(
  read: (offset: number, size: number) => Uint8Array,
  blob: Place,
): Map<string, Place> | undefined {
  const end = blob.fileOffset + blob.size
  let at = blob.fileOffset
  const fits = (size: number) => size <= end - at
  const readNumber = (width: 4 | 8): number => {
    if (!fits(width)) return Number.NaN
    const view = viewOf(read(at, width))
    at += width
    return width === 4 ? view.getUint32(0, true) : Number(view.getBigUint64(0, true))
  }
  const skipString = (): Place | undefined => {
    const size = readNumber(8)
    if (!fits(size)) return undefined
    const place = { fileOffset: at, size }
    at += size
    return place
  }
  if (readNumber(4) !== SEA_MAGIC) return undefined
  const flags = readNumber(4)
  at += 2 // u8 main script format, u8 execArgvExtension
  if ((flags & INCLUDE_ASSETS) === 0 || !skipString() || !skipString()) return undefined
  if (flags & USE_CODE_CACHE && !skipString()) return undefined
  const count = readNumber(8)
  if (!(count <= ASSET_LIMIT)) return undefined
  const assets = new Map<string, Place>()
  for (let i = 0; i < count; i++) {
    const name = skipString()
    const content = name && skipString()
    if (!content || name.size > NAME_LIMIT) return undefined
    assets.set(Buffer.from(read(name.fileOffset, name.size)).toString(), content)
  }
  return assets
}
