// The blobs of an OCI image layout that is being made: a directory under a temporary name.

import { constants, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import path from 'node:path'

import { digestOf, type Descriptor } from './descriptor.ts'

export class BlobStore {
  readonly directory: string

  constructor(directory: string) {
    this.directory = directory
    mkdirSync(this.blobs, { recursive: true })
  }

  get blobs(): string {
    return path.join(this.directory, 'blobs/sha256')
  }

  fileOf(digest: string): string {
    return path.join(this.directory, 'blobs', digest.replace(':', '/'))
  }

  put(mediaType: string, content: object | string): Descriptor {
    const bytes = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content))
    const digest = digestOf(bytes)
    writeFileSync(this.fileOf(digest), bytes)
    return { mediaType, digest, size: bytes.length }
  }

  /** A copy, which takes no room where the file system can do that. */
  async adopt(descriptor: Descriptor, file: string): Promise<void> {
    await copyFile(file, this.fileOf(descriptor.digest), constants.COPYFILE_FICLONE)
  }

  read(digest: string): Buffer {
    return readFileSync(this.fileOf(digest))
  }
}
