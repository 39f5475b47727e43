// Runs an executable until its program does the first thing that a build cannot know (launcher/freeze.c),
// and reads the stopped process.

import { realpathSync } from 'node:fs'

import { viewOf } from '../base/bytes.ts'
import { encodeTraining, NO_TRAINING, type Training } from '../format/training.ts'
import { withBuildRun } from './build-run.ts'
import { readDescriptors } from './descriptors.ts'
import type { FrozenProcess, NotFrozen, StoppedAt } from './frozen-process.ts'
import { findHeapLimits } from './heap-limits.ts'
import { findHeldLocks } from './held-locks.ts'
import { ProcessMemory } from './memory.ts'
import { findGeneratorState, findRandomState } from './random-states.ts'
import { stoppedAt } from './stopped-at.ts'

/** Where launcher/ keeps what it knows of the process. */
export interface RecordPlace {
  readonly address: number
  readonly size: number
  /** Offsets of the fields of these names. */
  readonly threads: number
  readonly threadCount: number
  readonly memorySize: number
  readonly random: number
  readonly mainThread: number
  readonly barrier: number
  readonly hasBegun: number
  readonly steps: number
  readonly copied: number
  readonly path: number
}

/**
 * Runs the program up to its first barrier. What is prepared for it may have a barrier of its own, as has V8's message when it
 * cannot compile a function that it was told to: then less is prepared.
 * @param inJavaScript it has to go on in JavaScript, which checks its contract first
 */
export async function freezeProcess(
  file: string,
  record: RecordPlace,
  training: Training,
  inJavaScript: boolean,
): Promise<FrozenProcess | NotFrozen> {
  const checked = (frozen: FrozenProcess | NotFrozen): FrozenProcess | NotFrozen =>
    'reason' in frozen || !inJavaScript || isInJavaScript(frozen, record)
      ? frozen
      : { reason: 'its contract could not be checked before it goes on' }
  const less = [{}, { builtins: [] }, { functions: [] }, { builtins: [], functions: [] }]
  for (const without of less) {
    const one = { ...training, ...without }
    const frozen = await freezeAtLook(file, record, one)
    if ('reason' in frozen) return frozen
    if (valueIn(frozen, record.hasBegun) === 0) continue
    // JavaScript has collected the garbage by itself.
    if (isInJavaScript(frozen, record)) return frozen
    const tidy = await freezeOnce(file, record, { ...one, steps: valueIn(frozen, record.steps) })
    const isTidy = !('reason' in tidy) && valueIn(tidy, record.hasBegun) !== 0
    return checked(isTidy ? tidy : frozen)
  }
  return checked(await freezeOnce(file, record, NO_TRAINING))
}

/**
 * A program that has copied its command line, or made a date, goes on until it looks at what is not known yet, or comes
 * to another barrier. Both are found with things that notice it; then it is run anew with real ones, which JavaScript
 * puts right when they are thawed: so it is stopped where JavaScript runs, the last time that it does before the barrier.
 */
async function freezeAtLook(
  file: string,
  record: RecordPlace,
  training: Training,
): Promise<FrozenProcess | NotFrozen> {
  let putOff: Pick<Training, 'copies' | 'dates'> = { copies: 'arrays' }
  let watched = await freezeOnce(file, record, { ...training, copies: 'watched' })
  if ('reason' in watched) return freezeOnce(file, record, training)
  const copied = valueIn(watched, record.copied)
  let from = copied - 1
  if (watched.stoppedAt.path === TIME_ZONE) {
    if (copied === 0) from = valueIn(watched, record.steps)
    putOff = { ...putOff, dates: 'plain' }
    watched = await freezeOnce(file, record, { ...training, copies: 'watched', dates: 'watched' })
    if ('reason' in watched) return freezeOnce(file, record, training)
  } else if (copied === 0) return watched

  const endsAtStep = !isInJavaScript(watched, record)
  const steps = valueIn(watched, record.steps)
  if (!endsAtStep || steps > from) {
    const again: Training = { ...training, ...putOff, ...(endsAtStep && { steps, endsAtStep }) }
    const frozen = await freezeOnce(file, record, again)
    if (!('reason' in frozen) && isSameWay(frozen, watched, record)) return frozen
  }
  return freezeOnce(file, record, training)
}

/** What ICU reads to know where it is. */
const TIME_ZONE = '/etc/localtime'

/** Whether the program has come as far, and goes on in JavaScript. */
function isSameWay(frozen: FrozenProcess, watched: FrozenProcess, record: RecordPlace): boolean {
  const passed = (one: FrozenProcess) =>
    [record.hasBegun, record.copied, record.steps].map((place) => valueIn(one, place)).join()
  const isSamePlace = !isInJavaScript(watched, record) || frozen.stoppedAt.module === watched.stoppedAt.module
  return isInJavaScript(frozen, record) && passed(frozen) === passed(watched) && isSamePlace
}

/** launcher/frozen.h */
const BARRIER_JAVASCRIPT = -1
const BARRIER_READY = -5

function isInJavaScript(frozen: FrozenProcess, { barrier }: RecordPlace): boolean {
  return [BARRIER_JAVASCRIPT, BARRIER_READY].includes(valueIn(frozen, barrier))
}

function valueIn({ record }: FrozenProcess, offset: number): number {
  return viewOf(record).getInt32(offset, true)
}

function freezeOnce(
  file: string,
  record: RecordPlace,
  training: Training,
): Promise<FrozenProcess | NotFrozen> {
  return withBuildRun(
    file,
    { mode: 'freeze', input: encodeTraining(training), longestMs: LONGEST_BOOT_MS },
    (pid) => readProcess(pid, realpathSync(file), record),
  )
}

/** A program that computes for longer before it does anything is not waited for. */
const LONGEST_BOOT_MS = 20_000

function readProcess(pid: number, executable: string, place: RecordPlace): FrozenProcess {
  const memory = new ProcessMemory(pid, executable)
  try {
    const record = memory.read(place.address, place.size)
    const regions = memory.regions()
    const randomState = findRandomState(regions, record.subarray(place.random))
    const generatorState = findGeneratorState(regions)
    const memorySize = Number(viewOf(record).getBigUint64(place.memorySize, true))
    return {
      regions,
      descriptors: readDescriptors(pid),
      record,
      randomState,
      generatorState,
      heapLimits: findHeapLimits(regions, memorySize),
      heldLocks: findHeldLocks(regions, threadsIn(record, place)),
      stoppedAt: whereStopped(memory, record, place),
    }
  } finally {
    memory.close()
  }
}

/** Of struct frozen_thread, which begins with the address of the context. */
const THREAD_SIZE = 56
/** Of its number in it. */
const THREAD_ID = 32

function threadsIn(record: Buffer, { threads, threadCount }: RecordPlace): number[] {
  const count = record.readUInt32LE(threadCount)
  return Array.from({ length: count }, (_, i) => record.readInt32LE(threads + THREAD_SIZE * i + THREAD_ID))
}

function whereStopped(memory: ProcessMemory, record: Buffer, place: RecordPlace): StoppedAt {
  const mainThread = place.threads + THREAD_SIZE * record.readInt32LE(place.mainThread)
  const context = Number(record.readBigUInt64LE(mainThread))
  const own = record.toString('utf8', place.path, record.indexOf(0, place.path))
  const { module, path } = stoppedAt(memory, context, record.readInt32LE(place.barrier))
  return { module, path: own || path }
}
