/** The DataView of exactly these bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The next multiple of `alignment` at or after `value`. */
export function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment
}

/** A run of bytes and where it goes in a file. */
export interface Chunk {
  readonly offset: number
  readonly bytes: Uint8Array
}
