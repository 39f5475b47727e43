// FNV-1a, 32 bits, over UTF-8: small enough to exist a second time in launcher/archive.c.

/** FNV's offset basis. */
export const HASH_OF_NOTHING = 0x811c9dc5
const PRIME = 0x01000193

/** The result becomes unsigned at the end only. */
export function addToHash(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, PRIME)
}

/** The hash of a path's UTF-8 bytes. */
export function hashPath(path: string): number {
  let hash = HASH_OF_NOTHING
  for (let i = 0; i < path.length; i++) {
    const unit = path.charCodeAt(i)
    if (unit > 0x7f) return hashBytes(Buffer.from(path))
    hash = addToHash(hash, unit)
  }
  return hash >>> 0
}

function hashBytes(bytes: Uint8Array): number {
  let hash = HASH_OF_NOTHING
  for (const byte of bytes) hash = addToHash(hash, byte)
  return hash >>> 0
}
