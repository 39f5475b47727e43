// FNV-1a, 32 bits, over UTF-8: small enough to exist a second time in launcher/archive.c.

const OFFSET_BASIS = 0x811c9dc5
const PRIME = 0x01000193

/** The hash of a path's UTF-8 bytes. */
export function hashPath(path: string): number {
  let hash = OFFSET_BASIS
  for (let i = 0; i < path.length; i++) {
    const unit = path.charCodeAt(i)
    if (unit > 0x7f) return hashBytes(Buffer.from(path))
    hash = Math.imul(hash ^ unit, PRIME)
  }
  return hash >>> 0
}

function hashBytes(bytes: Uint8Array): number {
  let hash = OFFSET_BASIS
  for (const byte of bytes) hash = Math.imul(hash ^ byte, PRIME)
  return hash >>> 0
}
