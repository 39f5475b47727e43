// Reads pieces of an executable where they lie, and trusts nothing that it says of itself: each piece has to lie
// inside the file. Nothing else of it is read, so the answer takes the same time whatever its size.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import path from 'node:path'

import { BuildError } from '../base/diagnostics.ts'
import { unpack } from '../image/elf/packed.ts'

export class ExecutableFile {
  /** Absolute path. */
  readonly file: string
  readonly size: number
  /** Of the file, if it is compressed: all else is of what it decompresses. */
  readonly compressedSize: number | undefined
  readonly #descriptor: number
  readonly #content: Uint8Array | undefined

  static use<T>(file: string, read: (executable: ExecutableFile) => T): T {
    const executable = new ExecutableFile(file)
    try {
      return read(executable)
    } finally {
      closeSync(executable.#descriptor)
    }
  }

  /** @throws BuildError INSPECT_UNREADABLE, EXECUTABLE_DAMAGED */
  private constructor(file: string) {
    this.file = path.resolve(file)
    try {
      this.#descriptor = openSync(this.file, 'r')
    } catch (error) {
      throw unreadable(this.file, `it cannot be opened (${(error as NodeJS.ErrnoException).code})`, error)
    }
    const stats = fstatSync(this.#descriptor)
    this.size = stats.size
    try {
      if (!stats.isFile()) throw unreadable(this.file, 'it is not a file')
      const content = unpack((offset, size) => this.readUpTo(offset, size), this.file, this.size)
      if (!content) return
      this.compressedSize = this.size
      this.#content = content
      this.size = content.length
    } catch (error) {
      closeSync(this.#descriptor)
      throw error
    }
  }

  /**
   * @param what the bytes are, and where it is said that they are there: for the message
   * @throws BuildError INSPECT_DAMAGED if the file is too short for that
   */
  read(offset: number, size: number, what: string, saidAt = offset): Buffer {
    if (offset + size > this.size) {
      throw this.damaged(
        `${what} would end at byte ${offset + size} of a file of ${this.size} bytes`,
        Math.min(saidAt, this.size),
      )
    }
    if (this.#content) return Buffer.from(this.#content.subarray(offset, offset + size))
    const bytes = Buffer.alloc(size)
    for (let done = 0; done < size;) {
      const count = readSync(this.#descriptor, bytes, done, size - done, offset + done)
      if (count === 0) throw this.damaged(`${what} is cut off while it is read`, offset + done)
      done += count
    }
    return bytes
  }

  /** Fewer bytes where the file ends. */
  readUpTo(offset: number, size: number): Buffer {
    return this.read(offset, Math.max(0, Math.min(size, this.size - offset)), 'the file')
  }

  damaged(message: string, offset: number): BuildError {
    return new BuildError('INSPECT_DAMAGED', message, {
      at: { file: this.file, offset },
      help: 'get the file again, or build it again: it is cut off or has been changed',
    })
  }

  notOurs(message: string, offset: number): BuildError {
    return new BuildError('INSPECT_NOT_INGOT', message, {
      at: { file: this.file, offset },
      help: 'pass a file that `ingot build` has made',
    })
  }
}

function unreadable(file: string, message: string, cause?: unknown): BuildError {
  return new BuildError('INSPECT_UNREADABLE', message, {
    at: { file },
    help: 'pass the path of an executable that `ingot build` has made',
    cause,
  })
}
