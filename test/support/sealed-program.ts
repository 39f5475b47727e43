// A program that prints all it can see of itself (test/fixtures/sealed), and what starts it in a root of its own with
// exactly the variables that are asked for.

import assert from 'node:assert/strict'
import { chmodSync, cpSync, mkdirSync } from 'node:fs'
import path from 'node:path'

import { ingotBuild, REPOSITORY } from './commands.ts'
import { runInEmptyRoot, type Outcome, type RootOptions } from './empty-root.ts'
import { HOSTILE_FILES, VARIABLES } from './hostile.ts'

export interface Case {
  readonly args?: readonly string[]
  readonly argv0?: string
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

export interface Facts {
  /** All that nothing from outside may change. */
  readonly same: {
    readonly self: Readonly<Record<string, unknown>>
    readonly others: readonly Readonly<Record<string, unknown>>[]
    readonly stderr: string
  }
  readonly args: readonly string[]
  readonly environment: readonly string[]
}

export const STARTS = { frozen: {}, cold: { INGOT_START: 'cold' } }

export class SealedProgram {
  readonly file: string
  /** Of VARIABLES: a directory that anybody may write to, and nobody is to. */
  readonly written: string
  readonly #directory: string
  readonly #driver: string

  constructor(directory: string) {
    this.#directory = directory
    this.file = path.join(directory, 'facts')
    this.written = path.join(directory, 'written')
    this.#driver = path.join(directory, 'driver')
  }

  async build(): Promise<void> {
    chmodSync(this.#directory, 0o755)
    mkdirSync(this.written)
    chmodSync(this.written, 0o777)
    const cwd = path.join(this.#directory, 'project')
    cpSync(path.join(REPOSITORY, 'test/fixtures/sealed'), cwd, { recursive: true })
    // The node that runs the tests.
    const runtime = `node@${process.versions.node}`
    const { start } = await ingotBuild(['main.mjs', '-o', this.file, '--runtime', runtime], { cwd })
    assert.equal(start.kind, 'frozen')
    await ingotBuild(['driver.mjs', '-o', this.#driver, '--start', 'cold'], { cwd })
  }

  get variables(): Record<string, string> {
    const pairs = Object.entries(VARIABLES).map(([name, value]) => [
      name,
      value.replace('WRITTEN', this.written),
    ])
    return Object.fromEntries(pairs)
  }

  /** In one root with hostile files, so that a case costs nothing but its start. */
  async run(cases: readonly Case[], options: RootOptions = {}): Promise<Outcome[]> {
    const defaults = { args: [], env: {}, cwd: '/' }
    const input = JSON.stringify({ program: this.file, cases: cases.map((one) => ({ ...defaults, ...one })) })
    const { stdout, stderr, status } = await runInEmptyRoot(this.#driver, {
      files: HOSTILE_FILES,
      ...options,
      input,
      binds: [this.#directory],
    })
    assert.equal(status, 0, stderr)
    return JSON.parse(stdout) as Outcome[]
  }
}

export function readFacts({ status, signal, stdout, stderr }: Outcome): Facts {
  assert.deepEqual([status, signal], [0, null], stderr + stdout)
  const { args, environment, ...same } = JSON.parse(stdout) as Facts & Facts['same']
  return { args, environment, same: { ...same, stderr: stderr.replaceAll(/\(node:\d+\)|`\S+/g, '') } }
}
