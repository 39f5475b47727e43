// Starts a finished executable in one of the launcher's build modes, and looks at the process when the launcher
// says that there is something to see.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'

import type { NotFrozen } from './frozen-process.ts'

/** Known to launcher/launch.c. */
export const VARIABLES = { freeze: '\u0001INGOT_FREEZE', rehearse: '\u0001INGOT_REHEARSE' } as const

export interface BuildRun {
  readonly mode: keyof typeof VARIABLES
  /** What the bootstrap reads from the descriptor on which the launcher reports. */
  readonly input?: Uint8Array
  readonly longestMs: number
}

/** Why a program is not waited for any longer. */
export const TOO_LONG = 'the program did not come to its first input or output'

/** What `look` gives, or why it did not come to that. The process ends then. */
export async function withBuildRun<T>(
  file: string,
  { mode, input, longestMs }: BuildRun,
  look: (pid: number, report: Buffer) => T,
): Promise<T | NotFrozen> {
  const child = spawn(file, [], {
    cwd: '/',
    // Nothing of the builder's environment may become part of the program.
    env: { [VARIABLES[mode]]: '1' },
    // A pipe is what most programs write to.
    stdio: ['ignore', mode === 'rehearse' ? 'pipe' : 'ignore', 'ignore', 'pipe'],
  })
  try {
    const report = await waitForReport(child, input, longestMs)
    return typeof report === 'string' ? { reason: report } : look(child.pid!, report)
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

/** The launcher's (launcher/frozen.h): the end of a report, in front of which there may be text. */
const END_OF_REPORT = 0xff

/** What the process has reported, or why it has not. */
function waitForReport(
  child: ChildProcess,
  input: Uint8Array | undefined,
  longestMs: number,
): Promise<Buffer | string> {
  const { promise, resolve } = Promise.withResolvers<Buffer | string>()
  const timer = setTimeout(resolve, longestMs, TOO_LONG)
  const socket = child.stdio[3] as Duplex
  child.stdout?.resume()
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    if (chunk.at(-1) === END_OF_REPORT) resolve(Buffer.concat(chunks))
  })
  socket.on('error', () => {}) // the child has ended: see below
  if (input) socket.write(input)
  child.on('error', (error) => resolve(error.message))
  child.on('exit', (code, signal) =>
    resolve(`the program ended in the build (${signal ?? `exit code ${code}`})`),
  )
  return promise.finally(() => clearTimeout(timer))
}
