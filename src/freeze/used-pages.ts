// Which pages a start uses, to the page: what the launcher is to verify before it goes on. A small debugger runs the
// finished executable for that (launcher/trace-pages.c); page tables say too much, as the kernel maps what lies around.

import { spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'

import { VARIABLES } from './build-run.ts'
import type { MemoryRange } from './frozen-process.ts'

const END = 0xffff_ffff_ffff_ffffn
const LONGEST_MS = 10_000

export interface PageTrace {
  /** The debugger: launcher/prebuilt/…/trace-pages. */
  readonly tracer: string
  /** Where to begin: with the first instruction, or where a frozen process goes on. */
  readonly from: 'start' | 'thaw'
  /** Memory to look at, ascending. */
  readonly ranges: readonly MemoryRange[]
}

/** What standard output is: node has other code for each. */
const OUTPUTS = ['ignore', 'pipe'] as const

/** Addresses of pages, in the order of their use; undefined where there may be no debugger. */
export async function tracePages(file: string, trace: PageTrace): Promise<number[] | undefined> {
  const all = await Promise.all(OUTPUTS.map((output) => traceWith(output, file, trace)))
  return all.every((pages) => pages !== undefined) ? [...new Set(all.flat())] : undefined
}

async function traceWith(
  output: (typeof OUTPUTS)[number],
  file: string,
  { tracer, from, ranges }: PageTrace,
): Promise<number[] | undefined> {
  const child = spawn(tracer, [file, from], {
    cwd: '/',
    env: { [VARIABLES.rehearse]: '1' },
    // The program's output is the debugger's standard error.
    stdio: ['pipe', 'pipe', output, 'ignore'],
    timeout: LONGEST_MS,
    killSignal: 'SIGKILL',
  })
  child.stderr?.resume()
  const failed = new Promise<undefined>((resolve) => child.once('error', () => resolve(undefined)))
  const input = child.stdio[0] as Writable
  input.on('error', () => {}) // it has ended
  input.end(encode(ranges))
  const found = await Promise.race([buffer(child.stdio[1] as Readable), failed])
  if (!found || found.length < 8 || found.readBigUInt64LE(found.length - 8) !== END) return undefined
  return Array.from({ length: found.length / 8 - 1 }, (_, i) => Number(found.readBigUInt64LE(8 * i)))
}

function encode(ranges: readonly MemoryRange[]): Buffer {
  const words = ranges.flatMap(({ start, end, protection }) => [start, end, protection])
  return Buffer.from(new BigUint64Array([...words.map(BigInt), END]).buffer)
}
