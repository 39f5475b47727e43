// A file that is sealed, and one that is about to be: all access to the disk of this folder.

import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'

import { BuildError } from '../base/diagnostics.ts'
import { unpack } from '../image/elf/packed.ts'
import { findSealPlace, type SealPlace } from './place.ts'

export class SealedFile {
  readonly name: string
  size: number
  readonly place: SealPlace
  readonly #descriptor: number
  /** Of a compressed file. */
  readonly #content: Uint8Array | undefined

  /**
   * A compressed one is as what it decompresses.
   * @throws BuildError of findSealPlace, EXECUTABLE_DAMAGED, COMPRESSED_FIXED
   */
  static open<T>(name: string, flags: 'r' | 'r+', use: (file: SealedFile) => T): T {
    const descriptor = openSync(name, flags)
    try {
      const file = new SealedFile(name, descriptor)
      if (flags === 'r+' && file.#content) throw unchangeable(name)
      return use(file)
    } finally {
      closeSync(descriptor)
    }
  }

  private constructor(name: string, descriptor: number) {
    this.name = name
    this.#descriptor = descriptor
    this.size = fstatSync(descriptor).size
    this.#content = unpack((offset, size) => this.read(offset, size), name, this.size)
    if (this.#content) this.size = this.#content.length
    this.place = findSealPlace((offset, size) => this.read(offset, size), name, this.size)
  }

  /** Fewer bytes where the file ends. */
  read(offset: number, size: number): Uint8Array {
    if (this.#content) return this.#content.subarray(offset, offset + size)
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

function unchangeable(file: string): BuildError {
  return new BuildError('COMPRESSED_FIXED', 'a compressed executable cannot be changed', {
    at: { file },
    help: 'build it again with --compress and what is to be other: --sign, --fuse',
  })
}
