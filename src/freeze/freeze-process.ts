// Runs an executable until its program does the first thing that a build cannot know (launcher/freeze.c),
// and reads the stopped process.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { realpathSync } from 'node:fs'

import { readDescriptors } from './descriptors.ts'
import type { FrozenProcess, NotFrozen, Region } from './frozen-process.ts'
import { viewOf } from '../base/bytes.ts'
import { findHeapLimits } from './heap-limits.ts'
import { ProcessMemory } from './memory.ts'
import { findGeneratorState, findRandomState } from './random-states.ts'

/** Where launcher/ keeps what it knows of the process. */
export interface RecordPlace {
  readonly address: number
  readonly size: number
  /** Offsets of the fields of these names. */
  readonly random: number
  readonly memorySize: number
}

/** Known to launcher/launch.c. */
const FREEZE_VARIABLE = '\u0001INGOT_FREEZE'
/** A program that computes for longer before it does anything is not waited for. */
const LONGEST_BOOT_MS = 20_000

export async function freezeProcess(file: string, record: RecordPlace): Promise<FrozenProcess | NotFrozen> {
  const child = spawn(file, [], {
    cwd: '/',
    // Nothing of the builder's environment may become part of the program.
    env: { [FREEZE_VARIABLE]: '1' },
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  try {
    const failure = await waitUntilFrozen(child)
    return failure === undefined ? readProcess(child.pid!, realpathSync(file), record) : { reason: failure }
  } catch (error) {
    return { reason: (error as Error).message }
  } finally {
    await end(child)
  }
}

/** Its file is not to be written to as long as it runs. */
async function end(child: ChildProcess): Promise<void> {
  const isRunning = child.pid !== undefined && child.exitCode === null && child.signalCode === null
  const ended = isRunning ? once(child, 'exit') : undefined
  child.kill('SIGKILL')
  await ended
}

/** Why it did not come to that. */
function waitUntilFrozen(child: ChildProcess): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const timer = setTimeout(resolve, LONGEST_BOOT_MS, 'the program did not come to its first input or output')
  const report = child.stdio[3]!
  report.on('data', () => resolve(undefined))
  report.on('error', () => {}) // the child has ended: see below
  child.on('error', (error) => resolve(error.message))
  child.on('exit', (code, signal) =>
    resolve(`the program ended in the build (${signal ?? `exit code ${code}`})`),
  )
  return promise.finally(() => clearTimeout(timer))
}

function readProcess(pid: number, executable: string, place: RecordPlace): FrozenProcess {
  const memory = new ProcessMemory(pid, executable)
  try {
    const record = memory.read(place.address, place.size)
    const regions = memory.regions()
    if (holdsLock(regions, pid)) throw new Error('it holds a lock that knows its thread by number')
    const randomState = findRandomState(regions, record.subarray(place.random))
    const generatorState = findGeneratorState(regions)
    const memorySize = Number(viewOf(record).getBigUint64(place.memorySize, true))
    const heapLimits = findHeapLimits(regions, memorySize)
    return { regions, descriptors: readDescriptors(pid), record, randomState, generatorState, heapLimits }
  } finally {
    memory.close()
  }
}

/**
 * Whether the main thread holds a recursive or error-checking mutex: it would not know it again under another
 * number. pthread_mutex_t of glibc: lock, count, owner, users, kind, each of 32 bits.
 */
function holdsLock(regions: readonly Region[], thread: number): boolean {
  const owner = Buffer.alloc(4)
  owner.writeUInt32LE(thread)
  for (const { runs } of regions) {
    for (const { bytes } of runs) {
      const memory = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
      for (let at = memory.indexOf(owner); at !== -1; at = memory.indexOf(owner, at + 1)) {
        if (at % 8 !== 0 || at < 8 || at + 12 > memory.length) continue
        const [lock, count, users, kind] = [-8, -4, 4, 8].map((offset) => memory.readUInt32LE(at + offset))
        const isMutex = (lock === 1 || lock === 2) && count! > 0 && count! < 64 && users === 1
        if (isMutex && (kind! & 0x7f) >= 1 && (kind! & 0x7f) <= 2) return true
      }
    }
  }
  return false
}
