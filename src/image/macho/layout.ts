// Names and sizes that linking, signing and verifying have in common.

/** Where node looks for its blob: the options of postject_find_resource in src/node_sea.cc. */
export const BLOB_SEGMENT = 'NODE_SEA'
export const BLOB_SECTION = '__NODE_SEA_BLOB'
/** Where macOS looks for a program's Info.plist if it is not in a bundle. */
export const INFO_SECTION = '__info_plist'

/** arm64's; x86-64 has smaller ones, and takes these too. */
export const MEMORY_PAGE = 0x4000
/** Of the signature in the file. */
export const SIGNATURE_ALIGNMENT = 16
/** SHA-256 */
export const HASH_SIZE = 32

/** An executable that need not be in memory, and how to hash what is in it: what is here knows neither files nor OpenSSL. */
export interface Source {
  /** Its name, for messages. */
  readonly file: string
  readonly size: number
  readonly read: (offset: number, size: number) => Uint8Array
  readonly sha256: (bytes: Uint8Array) => Uint8Array
}

/** MH_MAGIC_64 as a file begins with it: little-endian, as are all of macOS's machines. */
const MAGIC = Buffer.from('cffaedfe', 'hex')

export function isMachO(read: Source['read']): boolean {
  return MAGIC.equals(read(0, MAGIC.length))
}
