// What a frozen process is and what a start has to be like to go on from it, for people.

import type { FrozenFacts } from '../../base/build-result.ts'
import { viewOf } from '../../base/bytes.ts'
import type { FrozenProcess } from '../../freeze/frozen-process.ts'
import { nameBarrier } from './barriers.ts'

/** struct freeze_record of launcher/frozen.h: its size, and where in it what is read here lies. */
export const FREEZE_RECORD = {
  size: 18_272,
  threads: 8,
  memorySize: 5648,
  random: 5656,
  mainThread: 5688,
  barrier: 5692,
  readSize: 5696,
  readNames: 5704,
  hasBegun: 15_944,
  steps: 15_948,
  path: 15_952,
  argumentSize: 16_208,
  copied: 16_212,
  argumentNames: 16_216,
  threadCount: 4,
  features: 5664,
}

export function factsOf({ record, stoppedAt, descriptors, regions }: FrozenProcess): FrozenFacts {
  const view = viewOf(record)
  const absent = namesAt(record, FREEZE_RECORD.argumentNames, FREEZE_RECORD.argumentSize)
  return {
    barrier: nameBarrier(view.getInt32(FREEZE_RECORD.barrier, true), stoppedAt.path),
    module: stoppedAt.module,
    variables: namesAt(record, FREEZE_RECORD.readNames, FREEZE_RECORD.readSize),
    arguments: absent.filter((name) => !name.startsWith('/')),
    paths: absent.filter((name) => name.startsWith('/')),
    captured: {
      threads: view.getUint32(FREEZE_RECORD.threadCount, true),
      descriptors: descriptors
        .flatMap((one) => (one.kind === 'pipe' ? [one.number, one.writer] : [one.number]))
        .toSorted((a, b) => a - b),
      mappings: regions.length,
      cpuFeatures: cpuFeatures(view),
    },
  }
}

/** Where each thread has left its registers, on its own stack: struct frozen_thread. */
export function threadContexts(record: Uint8Array): number[] {
  const view = viewOf(record)
  const count = view.getUint32(FREEZE_RECORD.threadCount, true)
  return Array.from({ length: count }, (_, i) =>
    Number(view.getBigUint64(FREEZE_RECORD.threads + THREAD_SIZE * i, true)),
  )
}

const THREAD_SIZE = 56

/** Names that end with a zero each. */
function namesAt(record: Uint8Array, offset: number, sizeOffset: number): string[] {
  const size = viewOf(record).getUint32(sizeOffset, true)
  return Buffer.from(record)
    .toString('utf8', offset, offset + size)
    .split('\0')
    .filter(Boolean)
}

/**
 * Bits of CPUID's leaf 1 (ECX), leaf 7 (EBX, ECX, EDX), as /proc/cpuinfo names them: word of struct cpu_features and bit. The ones
 * that tell processors apart.
 */
const CPU_FEATURES: readonly (readonly [name: string, word: number, bit: number])[] = [
  ['ssse3', 0, 9],
  ['fma', 0, 12],
  ['sse4_2', 0, 20],
  ['movbe', 0, 22],
  ['popcnt', 0, 23],
  ['aes', 0, 25],
  ['avx', 0, 28],
  ['f16c', 0, 29],
  ['rdrand', 0, 30],
  ['bmi1', 2, 3],
  ['avx2', 2, 5],
  ['bmi2', 2, 8],
  ['erms', 2, 9],
  ['avx512f', 2, 16],
  ['avx512dq', 2, 17],
  ['adx', 2, 19],
  ['avx512bw', 2, 30],
  ['avx512vl', 2, 31],
  ['sha_ni', 2, 29],
  ['avx512_vbmi', 3, 1],
  ['gfni', 3, 8],
  ['vaes', 3, 9],
  ['vpclmulqdq', 3, 10],
  ['avx512_vnni', 3, 11],
  ['fsrm', 4, 4],
]

function cpuFeatures(view: DataView): string[] {
  return CPU_FEATURES.filter(
    ([, word, bit]) => (view.getUint32(FREEZE_RECORD.features + 4 * word, true) >>> bit) & 1,
  ).map(([name]) => name)
}
