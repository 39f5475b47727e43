// node's compiler of TypeScript: WebAssembly in the source of a built-in module, 3.8 MB. node has the source as a constant
// whose length is compiled in, and a code cache of it. The source is replaced by one of the same length that throws: the rest
// of it is a comment, of zeros that are not in the file. The code cache is made one that V8 refuses.

import { addressAt } from './dynamic.ts'
import { NO_EDITS, type NodeEdits } from './edits.ts'
import type { ElfFile } from './read.ts'

/** What node says where it is built without its compiler of TypeScript. */
const CODE = 'ERR_NO_TYPESCRIPT'

/** Who asks for it: module.stripTypeScriptTypes, TypeScript from the disk, --input-type=module-typescript. */
export const TYPE_STRIPPER = 'internal/deps/amaro/dist/index'

const MESSAGE =
  'types cannot be stripped: this executable was built without native code and code from the disk, and has no compiler of TypeScript'

/** Of what stands in the place of a source. */
const THROWN = `throw Object.assign(new Error(${JSON.stringify(MESSAGE)}), { code: '${CODE}' }) //`

/** The built-in module, as the node says that it is. */
export interface TypeStripper {
  readonly source: string
  /** Some code cache that this node has made. */
  readonly codeCache: Uint8Array
}

/** Nothing, in a node that has not exactly this. */
export function withoutTypeStripping(node: ElfFile, { source, codeCache }: TypeStripper): NodeEdits {
  const encoding = isOneByte(source) ? 'latin1' : 'utf16le'
  const place = onlyPlace(node, Buffer.from(source, encoding))
  const caches = cachesOf(node, source.length, codeCache)
  if (!place || caches.length === 0 || source.length < THROWN.length) return NO_EDITS
  const bytes = new Uint8Array(place.end - place.start)
  bytes.set(Buffer.from(THROWN, encoding))
  return {
    patches: [
      { address: place.start, bytes },
      ...caches.map((address) => ({ address, bytes: new Uint8Array(MAGIC_SIZE) })),
    ],
    cuts: [{ ...place, isRead: true }],
  }
}

/** As node embeds it, and V8 keeps it. */
function isOneByte(text: string): boolean {
  return !/[^\0-\xff]/.test(text)
}

function onlyPlace(node: ElfFile, wanted: Uint8Array): { start: number; end: number } | undefined {
  const bytes = bufferOf(node)
  const offset = bytes.indexOf(wanted)
  if (offset === -1 || bytes.includes(wanted, offset + 1)) return undefined
  const start = addressAt(node, offset)
  return start === undefined ? undefined : { start, end: start + wanted.length }
}

/**
 * Addresses of code caches of sources of this length: V8 asks for no more of a source (SerializedCodeData). One of
 * another source would do no harm here, as that would only be compiled anew.
 */
function cachesOf(node: ElfFile, sourceLength: number, codeCache: Uint8Array): number[] {
  const bytes = bufferOf(node)
  const beginning = codeCache.subarray(0, SOURCE_HASH_AT)
  const addresses: number[] = []
  for (let at = bytes.indexOf(beginning); at !== -1; at = bytes.indexOf(beginning, at + 1)) {
    const address = addressAt(node, at)
    if (address === undefined) continue
    if ((bytes.readUInt32LE(at + SOURCE_HASH_AT) & SOURCE_LENGTH) === sourceLength) addresses.push(address)
  }
  return addresses
}

const MAGIC_SIZE = 4
/** Behind the magic number and V8's version. */
const SOURCE_HASH_AT = 8
/** Without the bits that say what kind of script it is. */
const SOURCE_LENGTH = 0x1fff_ffff

function bufferOf({ bytes }: ElfFile): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
