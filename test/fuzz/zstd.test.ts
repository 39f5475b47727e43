// The decoder of compressed executables (launcher/unpack/zstd.c), built with sanitizers: it decodes what node:zlib has encoded,
// and of damaged frames it reads and writes no byte outside.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { before, test } from 'node:test'
import { constants, zstdCompressSync } from 'node:zlib'

import { REPOSITORY } from '../support/commands.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { THOROUGH } from '../support/thorough.ts'

const decoder = path.join(temporaryDirectory(), 'decode')

before(() => {
  const unpack = path.join(REPOSITORY, 'launcher/unpack')
  const sources = ['zstd.c', 'literals.c', 'tables.c'].map((name) => path.join(unpack, name))
  const flags = ['-std=gnu17', '-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize=pointer-overflow']
  const main = path.join(REPOSITORY, 'test/fixtures/zstd/decode.c')
  const gcc = spawnSync('gcc', [
    ...flags,
    '-fno-sanitize-recover',
    `-I${unpack}`,
    '-o',
    decoder,
    main,
    ...sources,
  ])
  assert.equal(gcc.status, 0, String(gcc.stderr))
})

interface Frame {
  readonly bytes: Uint8Array
  readonly contentSize: number
}

/** What each frame gives; undefined: it was refused. */
function decode(frames: readonly Frame[]): (Buffer | undefined)[] {
  const input = frames.flatMap(({ bytes, contentSize }) => {
    const sizes = Buffer.alloc(8)
    sizes.writeUInt32LE(bytes.length)
    sizes.writeUInt32LE(contentSize, 4)
    return [sizes, bytes]
  })
  const { status, signal, stdout, stderr } = spawnSync(decoder, {
    input: Buffer.concat(input),
    maxBuffer: 2 ** 30,
  })
  assert.deepEqual([status, signal], [0, null], String(stderr).slice(0, 4000))
  let at = 0
  return frames.map(({ contentSize }) => {
    if (stdout[at++] === 0) return undefined
    at += contentSize
    return stdout.subarray(at - contentSize, at)
  })
}

const code = readFileSync(process.execPath).subarray(30_000_000, 32_000_000)
const text = Buffer.from(JSON.stringify(process.versions).repeat(2000))

/** Of every kind: nothing, one byte, noise, runs, code, text, small alphabets, and pieces of all of these again and again. */
function content(size: number): Buffer {
  const kinds = [
    () => randomBytes(size),
    () => Buffer.alloc(size, randomInt(256)),
    () => code.subarray(randomInt(1_000_000)).subarray(0, size),
    () => text.subarray(randomInt(1000)).subarray(0, size),
    () => Buffer.from(randomBytes(size).map((byte) => [0, 1, 2, 3, 10, 97][byte % 6]!)),
    () => Buffer.from(randomBytes(size).map((byte) => 31 - Math.clz32(byte | 1))),
    () => {
      const pieces = Array.from({ length: 9 }, () => content(randomInt(1, 300)))
      const all = Array.from({ length: 1 + size / 100 }, () => pieces[randomInt(9)]!)
      return Buffer.concat(all).subarray(0, size)
    },
    () => Buffer.alloc(size, randomBytes(1 + randomInt(20))),
  ]
  return kinds[randomInt(size < 400 ? 6 : kinds.length)]!()
}

function encode(bytes: Uint8Array): Frame {
  const params = {
    [constants.ZSTD_c_compressionLevel]: randomInt(-3, bytes.length < 100_000 ? 23 : 8),
    [constants.ZSTD_c_checksumFlag]: randomInt(2),
    [constants.ZSTD_c_enableLongDistanceMatching]: randomInt(2),
    ...(randomInt(3) === 0 && { [constants.ZSTD_c_windowLog]: randomInt(10, 28) }),
    ...(randomInt(4) === 0 && { [constants.ZSTD_c_minMatch]: randomInt(3, 8) }),
    ...(randomInt(4) === 0 && { [constants.ZSTD_c_strategy]: randomInt(1, 10) }),
  }
  const pledged = randomInt(2) ? { pledgedSrcSize: bytes.length } : {}
  return { bytes: zstdCompressSync(bytes, { params, ...pledged }), contentSize: bytes.length }
}

test('what node:zlib encodes', () => {
  const sizes = [0, 1, 2, 5, 15, 16, 17, 31, 255, 256, 1000, 65_791, 131_072, 131_073, 700_000]
  const more = Array.from({ length: THOROUGH ? 1500 : 60 }, () => randomInt(20_000))
  const contents = [...sizes.flatMap((size) => [content(size), content(size)]), ...more.map(content)]
  const frames = contents.map(encode)
  for (const [i, decoded] of decode(frames).entries()) {
    assert.ok(decoded?.equals(contents[i]!), `frame ${i} of ${contents[i]!.length} bytes`)
  }
})

test('damaged frames', () => {
  const frames: Frame[] = []
  for (let i = 0; i < (THOROUGH ? 400 : 20); i++) {
    const { bytes, contentSize } = encode(content(randomInt(1, i % 10 === 0 ? 200_000 : 3000)))
    for (let k = 0; k < 40; k++) {
      const damaged = Uint8Array.from(bytes)
      for (let n = 1 + randomInt(3); n > 0; n--) damaged[randomInt(damaged.length)]! ^= 1 << randomInt(8)
      frames.push({ bytes: damaged, contentSize })
      frames.push({ bytes: bytes.subarray(0, randomInt(bytes.length)), contentSize })
      frames.push({ bytes, contentSize: randomInt(contentSize * 2) })
      const header = bytes.subarray(0, 5 + randomInt(9))
      frames.push({ bytes: Buffer.concat([header, randomBytes(randomInt(300))]), contentSize })
    }
  }
  decode(frames)
})
