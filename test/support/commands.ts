// Child processes of the tests: the command line of this clone, and plain Node as the reference.

import { spawn } from 'node:child_process'
import path from 'node:path'

import type { BuildResult } from '../../src/base/build-result.ts'
import { outcomeOf, type Outcome } from './empty-root.ts'

export const REPOSITORY = path.join(import.meta.dirname, '../..')
export const INGOT = path.join(REPOSITORY, 'bin/ingot.mjs')

export interface CommandOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly input?: string
}

const TIMEOUT_MS = 180_000

/** Runs a command to its end. */
export async function run(
  command: string,
  args: readonly string[],
  { cwd, env = process.env, input = '' }: CommandOptions = {},
): Promise<Outcome> {
  const child = spawn(command, [...args], {
    env: { ...env },
    stdio: 'pipe',
    timeout: TIMEOUT_MS,
    ...(cwd !== undefined && { cwd }),
  })
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  return outcomeOf(child)
}

/** The Node that runs the tests, which is the one that executables carry. */
export function runNode(args: readonly string[], options?: CommandOptions): Promise<Outcome> {
  return run(process.execPath, args, options)
}

export function ingot(args: readonly string[], options?: CommandOptions): Promise<Outcome> {
  return runNode([INGOT, ...args], options)
}

/** A build that has to succeed, of what is up to date as well, with what it says to machines. */
export async function ingotBuild(args: readonly string[], options?: CommandOptions): Promise<BuildResult> {
  const { status, stdout, stderr } = await ingot(['build', ...args, '--force', '--json'], options)
  if (status !== 0) throw new Error(`ingot build ${args.join(' ')} ended with ${status}: ${stderr}${stdout}`)
  return JSON.parse(stdout) as BuildResult
}

export interface FailedBuild {
  readonly status: number | null
  readonly error: {
    readonly code: string
    readonly message: string
    readonly at?: {
      readonly file: string
      readonly line?: number
      readonly column?: number
      readonly offset?: number
    }
    readonly help?: string
  }
}

/** A build that has to fail, with the error as it is told to machines. */
export async function ingotFails(args: readonly string[], options?: CommandOptions): Promise<FailedBuild> {
  const { status, stdout, stderr } = await ingot(['build', ...args, '--json'], options)
  if (status === 0) throw new Error(`ingot build ${args.join(' ')} should have failed`)
  try {
    return { status, error: (JSON.parse(stdout) as FailedBuild).error }
  } catch (cause) {
    throw new Error(`no JSON from ingot build ${args.join(' ')}: ${stdout}${stderr}`, { cause })
  }
}
