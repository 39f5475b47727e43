// A file that is sealed, and one that is about to be: all access to the disk of this folder.

import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'

import { findSealPlace, type SealPlace } from './place.ts'

export class SealedFile {
  readonly name: string
  size: number
  readonly place: SealPlace
  readonly #descriptor: number

  /** @throws BuildError of findSealPlace */
  static open<T>(name: string, flags: 'r' | 'r+', use: (file: SealedFile) => T): T {
    const descriptor = openSync(name, flags)
    try {
      return use(new SealedFile(name, descriptor))
    } finally {
      closeSync(descriptor)
    }
  }

  private constructor(name: string, descriptor: number) {
    this.name = name
    this.#descriptor = descriptor
    this.size = fstatSync(descriptor).size
    this.place = findSealPlace((offset, size) => this.read(offset, size), name, this.size)
  }

  /** Fewer bytes where the file ends. */
  read(offset: number, size: number): Uint8Array {
    // A size that was read from a damaged file may be any.
    const bytes = new Uint8Array(Math.max(0, Math.min(size, this.size - offset)))
    let filled = 0
    while (filled < bytes.length) {
      const count = readSync(this.#descriptor, bytes, filled, bytes.length - filled, offset + filled)
      if (count === 0) break
      filled += count
    }
    return bytes.subarray(0, filled)
  }

  write(offset: number, bytes: Uint8Array): void {
    for (let written = 0; written < bytes.length;) {
      written += writeSync(this.#descriptor, bytes, written, bytes.length - written, offset + written)
    }
  }

  truncate(size: number): void {
    ftruncateSync(this.#descriptor, size)
    this.size = size
  }
}
