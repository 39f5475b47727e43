// The last step of an image: base + payload.

import type { Chunk } from '../base/bytes.ts'
import { BuildError } from '../base/diagnostics.ts'
import type { BaseImage } from './image.ts'
import type { SigningOptions } from './macho/signature.ts'

/** Where a note's u32 descriptor size ends; a larger program needs another carrier. */
const PAYLOAD_LIMIT = 2 ** 32 - 2 ** 24

export interface AppendPlan {
  /** Written over the base. */
  readonly patches: readonly Chunk[]
  readonly tail: Uint8Array
  /** Size of the finished executable in bytes. */
  readonly size: number
  /** Of macOS: what the finished file is signed as. */
  readonly signing?: SigningOptions
}

/** @throws BuildError PAYLOAD_TOO_LARGE */
export function planAppend(base: BaseImage, payloadSize: number): AppendPlan {
  if (payloadSize > PAYLOAD_LIMIT) {
    throw new BuildError(
      'PAYLOAD_TOO_LARGE',
      `the program has ${payloadSize} bytes, the limit is ${PAYLOAD_LIMIT}`,
      {
        help: 'embed less, and read the rest from disk',
      },
    )
  }
  const tail = Buffer.from(base.tail, 'base64')
  const patches = base.slots.map(({ offset, width, plus }) => {
    const bytes = Buffer.alloc(width)
    if (width === 8) bytes.writeBigUInt64LE(BigInt(payloadSize + plus))
    else bytes.writeUInt32LE(payloadSize + plus)
    return { offset, bytes }
  })
  return { patches, tail, size: base.size + payloadSize + tail.length }
}
