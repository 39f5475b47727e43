// An addon that is an envelope: it holds another addon, compressed, which it unpacks into a cache
// directory and loads at its first use (@swc/core, to be small in the registry). Where no directory can be written, or none is
// executable, it cannot start. What it would unpack is embedded in its place: nothing is written, nothing
// is unpacked at a start, and the pages are the file's.
//
// Known by its shape and not by its name: most of the file is one zstd frame, and that frame is an
// addon for the same node and processor. The bytes depend on the file alone, and are never run here.

import { zstdDecompressSync } from 'node:zlib'

import type { Platform } from '../base/targets.ts'
import { nativeKind } from './packages.ts'

/** RFC 8878, 3.1.1: magic number of a frame. */
const ZSTD_FRAME = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])
/** Node-API's and node's own entry of an addon. */
const ENTRIES = ['napi_register_module_v1', 'node_register_module_v']
/** More than any addon has: a damaged frame may claim anything. */
const LARGEST = 2 ** 30

/** The addon inside an addon; undefined if `bytes` is what it seems to be. */
export function carriedAddon(bytes: Uint8Array, platform: Platform): Uint8Array | undefined {
  const outer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (!isAddon(outer, platform)) return undefined
  for (let at = outer.indexOf(ZSTD_FRAME); at !== -1; at = outer.indexOf(ZSTD_FRAME, at + 1)) {
    if (at > outer.length / 2) return undefined
    const inner = decompress(outer.subarray(at))
    if (inner && inner.length > outer.length / 2 && isAddon(inner, platform)) return inner
  }
  return undefined
}

function isAddon(bytes: Buffer, platform: Platform): boolean {
  return nativeKind(bytes, platform) === 'usable' && ENTRIES.some((entry) => bytes.includes(entry))
}

/** The magic number may be any four bytes of code, and something else follows a frame. */
function decompress(bytes: Buffer): Buffer | undefined {
  try {
    return zstdDecompressSync(bytes, { maxOutputLength: LARGEST })
  } catch {
    return undefined
  }
}
