// The last step of a build with `compress`: the finished executable becomes a small program with frames of zstd, which
// makes it anew in memory at each start (launcher/unpack/). What is the same for all programs is compressed once.

import { createHash } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { constants, zstdCompress } from 'node:zlib'

import { BuildError } from './base/diagnostics.ts'
import { foldCalls } from './image/elf/call-filter.ts'
import { PF_X } from './image/elf/constants.ts'
import { emitPacked, MOST_FRAMES, type CompressedPart } from './image/elf/packed.ts'
import type { BaseImage } from './image/image.ts'
import { replaceContent, type PendingExecutable } from './output/executable.ts'
import { cached, fileOf, prune } from './runtimes/cache.ts'

export interface Compression {
  /** zstd's, 1 to 22. */
  readonly level: number
  readonly base: Pick<BaseImage, 'starts' | 'frozen'>
  readonly cache: string
  /** What takes time, for who waits. */
  readonly onProgress?: ((detail: string) => void) | undefined
}

/** The decoder's threads each take a frame at a time: larger ones are smaller in sum, smaller ones keep more of them busy. */
const FRAME_LIMIT = 16 * 2 ** 20
/** Each with a frame that may be smaller than the others (partsOf). */
const REGIONS = 4
/** What node reads into a buffer, and the tools that open an executable hold in memory. */
const SIZE_LIMIT = 2 ** 31 - 1
const PAGE_SIZE = 4096
/** Of some MB each: those of four runtimes, and of the last programs. */
const KEPT = { runtime: 48, program: 32 } as const

const STUB = fileURLToPath(new URL('../launcher/prebuilt/linux-x64/unpack.bin', import.meta.url))

interface Part {
  readonly offset: number
  readonly size: number
  readonly isCode: boolean
  readonly of: 'runtime' | 'program'
}

/**
 * Replaces what is in the file by the same, compressed.
 * @returns its size in bytes
 * @throws BuildError COMPRESS_SIZE, OUTPUT_UNWRITABLE, OUTPUT_DISK_FULL
 */
export async function compressExecutable(
  pending: PendingExecutable,
  compression: Compression,
): Promise<number> {
  const { size } = statSync(pending.temporary)
  if (size > SIZE_LIMIT) {
    throw new BuildError('COMPRESS_SIZE', `an executable of ${size} bytes is too large to be compressed`, {
      at: { file: pending.out },
      help: 'build it without "compress", or leave large files out of it: it would be in memory as a whole at each start',
    })
  }
  const content = readFileSync(pending.temporary)
  const parts = partsOf(content.length, compression.base)
  const compressed: CompressedPart[] = []
  const waiting = [...parts]
  const work = async () => {
    for (let part = waiting.shift(); part; part = waiting.shift()) {
      const bytes = await compress(content, part, compression)
      compressed.push({ contentOffset: part.offset, contentSize: part.size, isCode: part.isCode, bytes })
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
  const chunks = emitPacked(
    readFileSync(STUB),
    compressed.toSorted((a, b) => a.contentOffset - b.contentOffset),
  )
  await replaceContent(pending, chunks)
  return chunks.reduce((sum, { bytes }) => sum + bytes.length, 0)
}

/** Node's code is a part of its own, and so is all behind the launch table: it depends on the program. */
function partsOf(size: number, { starts, frozen }: Compression['base']): Part[] {
  const code = frozen?.programHeaders.find(({ flags }) => flags & PF_X)
  const program = starts.find(({ name }) => name === 'launch table')
  if (!code || !program) throw new Error('a base for linux has code and a launch table')
  const codeEnd = code.fileOffset + code.fileSize
  const limit = Math.max(FRAME_LIMIT, Math.ceil(size / (MOST_FRAMES - REGIONS)))
  return [
    ...cut(0, code.fileOffset, { isCode: false, of: 'runtime', limit }),
    ...cut(code.fileOffset, codeEnd, { isCode: true, of: 'runtime', limit }),
    ...cut(codeEnd, program.offset, { isCode: false, of: 'runtime', limit }),
    ...cut(program.offset, size, { isCode: false, of: 'program', limit }),
  ]
}

/** Into pieces of the same size, all within the limit. */
function cut(
  from: number,
  to: number,
  { limit, ...kind }: Pick<Part, 'isCode' | 'of'> & { readonly limit: number },
): Part[] {
  const count = Math.ceil((to - from) / limit)
  const size = Math.ceil((to - from) / count / PAGE_SIZE) * PAGE_SIZE
  return Array.from({ length: count }, (_, i) => {
    const offset = from + i * size
    return { ...kind, offset, size: Math.min(size, to - offset) }
  })
}

/** Counts up when other frames are made of the same bytes. */
const FRAME_REVISION = 2

async function compress(
  content: Uint8Array,
  { offset, size, isCode, of }: Part,
  { level, cache, onProgress }: Compression,
): Promise<Uint8Array> {
  const plain = content.subarray(offset, offset + size)
  const hash = createHash('sha256')
    .update(`${FRAME_REVISION} ${level} ${isCode ? 'calls' : 'bytes'} zstd ${process.versions.zstd}\n`)
    .update(plain)
  const prefix = `zstd-${of}-`
  const fill = async (directory: string) => {
    prune(prefix, KEPT[of], cache)
    onProgress?.(`compressing the ${of}${of === 'runtime' ? ', once for all programs' : ''}`)
    const bytes = isCode ? plain.slice() : plain
    if (isCode) foldCalls(bytes)
    const frame = await encode(bytes, level, await leastMatch(bytes, level))
    writeFileSync(path.join(directory, 'frame.zst'), frame)
  }
  const entry = await cached(prefix + hash.digest('hex'), fill, cache)
  return readFileSync(fileOf(entry, 'frame.zst').file)
}

const SAMPLE = 1024 * 1024

/**
 * Matches of three bytes take a start up to a fifth longer, so only what becomes a tenth smaller by them has them: tables, as
 * ICU's. A piece from the middle tells.
 */
async function leastMatch(bytes: Uint8Array, level: number): Promise<number> {
  const middle = Math.max(0, Math.floor((bytes.length - SAMPLE) / 2))
  const sample = bytes.subarray(middle, middle + SAMPLE)
  const [three, four] = await Promise.all([3, 4].map((least) => encode(sample, level, least)))
  return four!.length > 1.1 * three!.length ? 3 : 4
}

/** The window is all of it: with less, what repeats far apart would be stored again. */
function encode(bytes: Uint8Array, level: number, leastMatch: number): Promise<Uint8Array> {
  return promisify(zstdCompress)(bytes, {
    pledgedSrcSize: bytes.length,
    params: {
      [constants.ZSTD_c_compressionLevel]: level,
      [constants.ZSTD_c_windowLog]: Math.max(10, Math.ceil(Math.log2(bytes.length))),
      [constants.ZSTD_c_enableLongDistanceMatching]: 1,
      [constants.ZSTD_c_minMatch]: leastMatch,
    },
  })
}
