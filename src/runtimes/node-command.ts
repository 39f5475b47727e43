// Node as a tool of the build.

import { execFile } from 'node:child_process'

import { BuildError } from '../base/diagnostics.ts'

/** A program, and what comes before node's own arguments. */
export type NodeCommand = readonly [string, ...string[]]

export interface NodeTools {
  /** A node of the target's version that runs on this machine: for what is the same on every platform. */
  readonly here: NodeCommand
  /** The target's own node, as it can be run here; undefined if nothing here runs it. */
  readonly target: NodeCommand | undefined
}

export interface NodeRun {
  readonly cwd: string
  readonly input?: Uint8Array
}

/**
 * What it writes to its standard output. Its environment is empty.
 * @throws BuildError RUNTIME_NOT_RUNNABLE
 */
export function runNode(
  [program, ...before]: NodeCommand,
  args: readonly string[],
  { cwd, input }: NodeRun,
): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const options = { cwd, env: {}, encoding: 'buffer', maxBuffer: 2 ** 31 } as const
  const child = execFile(program, [...before, ...args], options, (cause, stdout) => {
    if (!cause) return resolve(stdout)
    reject(
      new BuildError('RUNTIME_NOT_RUNNABLE', `the runtime ${before.at(-1) ?? program} does not run here`, {
        help: 'the build needs a node of the target’s version that runs on this machine: check the file',
        cause,
      }),
    )
  })
  child.stdin!.on('error', () => {}) // the exit status says what happened
  child.stdin!.end(input)
  return promise
}
