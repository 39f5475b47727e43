// Embedded files are faster than those of a disk, cost nothing until they are read, and their number costs
// no start any time. Everything is compared with a peer in the same run, and what it takes a busy machine
// longer is taken out: by minima, which it can only raise, and by differences within a round.

import assert from 'node:assert/strict'
import path from 'node:path'
import { suite, test } from 'node:test'

import {
  leastFirstRatio,
  programWithAsset,
  programWithFiles,
  runBoth,
  sampleReads,
  sourceSize,
  WAYS,
  type ReadSample,
} from '../../bench/files.ts'
import { samplePaired } from '../../bench/sample.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { THOROUGH } from '../support/thorough.ts'

suite('embedded files', { concurrency: false }, () => {
  const work = temporaryDirectory()

  test('thousands of them are opened and read three times as fast as from the disk', async (t) => {
    const program = await programWithFiles(path.join(work, 'reads'), {
      name: 'read',
      count: THOROUGH ? 10_000 : 2000,
      sizeOf: sourceSize,
    })
    for (const way of THOROUGH ? WAYS : WAYS.slice(0, 2)) {
      const isEnough = ({ files, minimumRatio, minimumFirstRatio }: ReadSample) =>
        minimumRatio >= 3 && minimumFirstRatio >= leastFirstRatio(way, files)
      const sample = sampleReads(program, way, 15, isEnough)
      const { minimumRatio, minimumFirstRatio } = sample
      const ratios = `${way}: ${minimumRatio.toFixed(1)} times as fast, ${minimumFirstRatio.toFixed(1)} at first`
      t.diagnostic(ratios)
      assert.ok(isEnough(sample), ratios)
    }
  })

  test('a large one costs no memory until it is read', async () => {
    interface Report {
      readonly size: number
      readonly some: number
      readonly count: number
      readonly start: Memory
      readonly touched: Memory
      readonly end: Memory
    }
    interface Memory {
      readonly all: number
      readonly own: number
    }
    const size = THOROUGH ? 2 ** 30 : 2 ** 28
    const program = await programWithAsset(path.join(work, 'asset'), size)
    const { plain, inside } = runBoth<Report>(program, [])
    for (const { some, count, ...report } of [plain, inside])
      assert.deepEqual([report.size, some, count], [size, 65536, size])
    // In megabytes. Where the program lies, the bootstrap and the libraries are some more than node alone.
    const within = (name: string, mine: number, peer: number, more: number) =>
      assert.ok(mine <= peer + more, `${name}: ${mine} MB, plain node ${peer} MB`)
    within('at start', inside.start.all, plain.start.all, 25)
    within('looked at', inside.touched.all, plain.touched.all, 25)
    // Its pages are the executable's own, of which the kernel keeps what it has room for. The rest is garbage of
    // the streams: 64 MB before V8 looks at it, and what is read until a thread of V8's has given that back,
    // which is chance. It only adds to what is needed.
    let least = inside.end.own
    let most = plain.end.own
    for (let round = 0; round < 5 && least > most + 64; round++) {
      const again = runBoth<Report>(program, [])
      least = Math.min(least, again.inside.end.own)
      most = Math.max(most, again.plain.end.own)
    }
    within('streamed', least, most, 64)
  })

  if (THOROUGH)
    test('many of them let a program start as fast as 10', async (t) => {
      const few = await hello('few', 10)
      const many = await hello('many', THOROUGH ? 100_000 : 5000)
      let least = Infinity
      for (let attempt = 0; attempt < 4 && least >= 2; attempt++) {
        const [, sample] = samplePaired(
          [few, many].map(({ out }) => ({ name: out, command: out, args: [], prints: /^hello\n$/ })),
          30,
        )
        least = Math.min(least, sample!.differenceMs)
      }
      t.diagnostic(`${least.toFixed(2)} ms longer`)
      assert.ok(least < 2, `${least} ms longer`)
    })

  const hello = (directory: string, count: number) =>
    programWithFiles(path.join(work, directory), { name: 'hello', count, sizeOf: () => 0 })
})
