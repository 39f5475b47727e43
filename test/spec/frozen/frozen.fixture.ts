// Executables that hold a frozen process, and starts of them.

import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import path from 'node:path'

import type { BuildResult } from '../../../src/base/build-result.ts'
import { ingotBuild, REPOSITORY, run, type CommandOptions } from '../../support/commands.ts'
import type { Outcome } from '../../support/empty-root.ts'

export { skip, skipWithoutRoot } from '../elf/executable.fixture.ts'

export const FIXTURES = path.join(REPOSITORY, 'test/fixtures/frozen')

/** A build of a program in test/fixtures/frozen. */
export async function buildFrozenResult(directory: string, name: string): Promise<BuildResult> {
  const out = path.join(directory, path.parse(name).name)
  const project = path.join(directory, 'project')
  cpSync(FIXTURES, project, { recursive: true })
  const result = await ingotBuild([name, '-o', out, '--start', 'frozen'], { cwd: project })
  assert.equal(result.start.kind, 'frozen')
  return result
}

/** The executable that it gives. */
export async function buildFrozen(directory: string, name: string): Promise<string> {
  return (await buildFrozenResult(directory, name)).out
}

export interface Start extends Outcome {
  /** As the program says in its output (started.mjs), which is left out there. */
  readonly started: string | undefined
}

export interface StartOptions extends CommandOptions {
  /** Of bash; it starts the executable as "$@". */
  readonly script?: string
}

export async function start(
  file: string,
  args: readonly string[],
  { script = 'exec "$@"', ...options }: StartOptions = {},
): Promise<Start> {
  return howItStarted(await run('/bin/bash', ['--norc', '-c', script, 'bash', file, ...args], options))
}

export function howItStarted({ stdout, ...outcome }: Outcome): Start {
  const line = /^started (thawed|cold)\r?\n/m
  return { ...outcome, started: line.exec(stdout)?.[1], stdout: stdout.replace(line, '') }
}

/** Of the variable by which a user asks for a cold start; of equal length, as all of it is compared. */
export const AS_BUILT = 'warm'
export const COLD = 'cold'

/** What both starts of a file have to have in common. */
export function comparable(start: Start): Omit<Start, 'started'> {
  const settled = JSON.stringify({ ...start, started: undefined }).replaceAll(
    /(INGOT_START.{1,12})cold/g,
    `$1${AS_BUILT}`,
  )
  const { stderr, ...rest } = JSON.parse(settled) as Omit<Start, 'started'>
  return {
    ...rest,
    stderr: stderr
      .split('\n')
      .filter((line) => !BELOW_THE_PROGRAM.test(line))
      .join('\n'),
  }
}

/** Frames of a native stack trace, and those by which the bootstrap came to the program. */
const BELOW_THE_PROGRAM = /^ *\d+: 0x|ingot-bootstrap\.js:\d+:\d+/

/** Either: where it does not matter, as long as the program does the same. */
export type Expected = 'thawed' | 'cold' | 'either'

/** Fails unless an executable does the same whether it may thaw or not. */
export async function compareStarts(
  file: string,
  args: readonly string[],
  { env = {}, ...options }: StartOptions,
  expected: Expected,
): Promise<void> {
  const [asBuilt, cold] = (await Promise.all(
    [AS_BUILT, COLD].map((INGOT_START) => start(file, args, { ...options, env: { ...env, INGOT_START } })),
  )) as [Start, Start]
  assert.deepEqual(comparable(asBuilt), comparable(cold))
  assert.equal(cold.started, 'cold')
  if (expected !== 'either') assert.equal(asBuilt.started, expected)
}
