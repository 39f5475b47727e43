// A layer: a tar with one file, compressed. The same bytes whenever and wherever it is made, by the same zlib.

import { createHash } from 'node:crypto'
import { createWriteStream, renameSync } from 'node:fs'
import path from 'node:path'
import { Transform, type TransformCallback } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip, createZstdCompress } from 'node:zlib'

import { packTar } from 'modern-tar/fs'

import type { Compression } from '../../base/image-result.ts'
import { LAYER, type Descriptor } from './descriptor.ts'

export interface LayerFile {
  /** Absolute, in the image. */
  readonly path: string
  readonly content: Uint8Array | { readonly file: string }
}

export interface Layer {
  readonly descriptor: Descriptor
  /** Of the tar before it was compressed. */
  readonly diffId: string
}

/** @param directory where the blob is written, under the name that its digest gives it */
export async function writeLayer(
  { path: name, content }: LayerFile,
  compression: Compression,
  directory: string,
  signal?: AbortSignal,
): Promise<Layer> {
  const attributes = { target: name.slice(1), mode: 0o755, mtime: new Date(0), uid: 0, gid: 0 }
  const tar = packTar([
    content instanceof Uint8Array
      ? { type: 'content', content, ...attributes }
      : { type: 'file', source: content.file, ...attributes },
  ])
  const before = new Measured()
  const after = new Measured()
  const temporary = path.join(directory, `layer-${name.replaceAll('/', '-')}`)
  const compress = compression === 'gzip' ? createGzip() : createZstdCompress()
  const system = compression === 'gzip' ? [new SystemlessGzip()] : []
  await pipeline([tar, before, compress, ...system, after, createWriteStream(temporary)], { signal })
  renameSync(temporary, path.join(directory, after.digest.slice('sha256:'.length)))
  const mediaType = `${LAYER}+${compression}`
  return {
    descriptor: { mediaType, digest: after.digest, size: after.size },
    diffId: before.digest,
  }
}

class Measured extends Transform {
  readonly #hash = createHash('sha256')
  size = 0

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#hash.update(chunk)
    this.size += chunk.length
    done(null, chunk)
  }

  /** Once all has passed. */
  get digest(): string {
    return `sha256:${this.#hash.copy().digest('hex')}`
  }
}

/** RFC 1952, OS: the system that compressed. zlib writes what it was compiled on. */
const OS_OFFSET = 9
const UNKNOWN_OS = 255

class SystemlessGzip extends Transform {
  #position = 0

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const at = OS_OFFSET - this.#position
    if (at >= 0 && at < chunk.length) chunk[at] = UNKNOWN_OS
    this.#position += chunk.length
    done(null, chunk)
  }
}
