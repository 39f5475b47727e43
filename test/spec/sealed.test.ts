// Nothing outside changes what an executable is: each variable, file, argument and descriptor that would change plain
// node, its libraries or libc is tried on a program that prints all it can see of itself. It has to print the same as in
// an empty world, frozen and cold.

import assert from 'node:assert/strict'
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { before, suite, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'

import { ingotBuild, REPOSITORY } from '../support/commands.ts'
import { outcomeOf, printed, runInEmptyRoot, type Outcome, type RootOptions } from '../support/empty-root.ts'
import { ARGUMENTS, HOSTILE_FILES, REMOVED, VARIABLES } from '../support/hostile.ts'
import { temporaryDirectory } from '../support/temporary.ts'

interface Case {
  readonly args?: readonly string[]
  readonly argv0?: string
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

interface Facts {
  /** All that has to be the same. */
  readonly same: { readonly self: Readonly<Record<string, unknown>> }
  readonly args: readonly string[]
  readonly environment: readonly string[]
}

function readFacts({ status, signal, stdout, stderr }: Outcome): Facts {
  assert.deepEqual([status, signal], [0, null], stderr + stdout)
  const { args, environment, ...same } = JSON.parse(stdout) as Facts & Facts['same']
  return { args, environment, same: { ...same, stderr: stderr.replaceAll(/\(node:\d+\)|`\S+/g, '') } }
}

const STARTS = { frozen: {}, cold: { INGOT_START: 'cold' } }

suite('nothing outside changes what an executable is', () => {
  const directory = temporaryDirectory()
  chmodSync(directory, 0o755)
  const program = path.join(directory, 'facts')
  const driver = path.join(directory, 'driver')
  const written = path.join(directory, 'written')
  let clean: Facts['same']
  let cleanDeep: Facts['same']

  /** In one root, so that a case costs nothing but its start. */
  async function runCases(cases: readonly Case[], options: RootOptions = {}): Promise<Outcome[]> {
    const defaults = { args: [], env: {}, cwd: '/' }
    const input = JSON.stringify({ program, cases: cases.map((one) => ({ ...defaults, ...one })) })
    const { stdout, stderr, status } = await runInEmptyRoot(driver, { ...options, input, binds: [directory] })
    assert.equal(status, 0, stderr)
    return JSON.parse(stdout) as Outcome[]
  }

  before(async () => {
    mkdirSync(written)
    chmodSync(written, 0o777)
    const project = path.join(directory, 'project')
    cpSync(path.join(REPOSITORY, 'test/fixtures/sealed'), project, { recursive: true })
    const { start } = await ingotBuild(['main.mjs', '-o', program], { cwd: project })
    assert.equal(start.kind, 'frozen')
    await ingotBuild(['driver.mjs', '-o', driver, '--start', 'cold'], { cwd: project })
    const [plain, deep] = await runCases([{}, { env: { DEEP: '1' } }])
    clean = readFacts(plain!).same
    cleanDeep = readFacts(deep!).same
  })

  /** Each of the cases, frozen and cold. */
  function areUnchanged(
    cases: readonly (Case & { readonly title: string })[],
    options: RootOptions = {},
  ): void {
    for (const [kind, variables] of Object.entries(STARTS)) {
      suite(kind, () => {
        let outcomes: Outcome[] = []
        before(async () => {
          const given = cases.map((one) => ({ ...one, env: { ...variables, ...one.env } }))
          outcomes = await runCases(given, { files: HOSTILE_FILES, ...options })
        })
        cases.forEach(({ title, args = [], env = {} }, i) =>
          test(title, () => {
            const seen = readFacts(outcomes[i]!)
            assert.deepEqual(seen.same, env['DEEP'] ? cleanDeep : clean)
            assert.deepEqual(seen.args, args)
            const visible = Object.keys({ ...variables, ...env }).filter((name) => !REMOVED.includes(name))
            assert.deepEqual(seen.environment.toSorted(), visible.toSorted())
          }),
        )
      })
    }
  }

  suite('variables', () => {
    const pairs = Object.entries(VARIABLES).map(([name, value]) => [name, value.replace('WRITTEN', written)])
    const each = pairs.map(([name = '', value = '']) => ({
      title: JSON.stringify(name),
      env: { [name]: value },
    }))
    const all = { ...Object.fromEntries(pairs), DEEP: '1' } as Record<string, string>
    areUnchanged([...each, { title: 'all of them, in a child and a worker too', env: all }])
    test('nothing was written', () => assert.deepEqual(readdirSync(written), []))
  })

  suite('arguments', () => {
    const each = ARGUMENTS.map((args) => ({ title: JSON.stringify(args.join(' ')), args }))
    const names = ['--inspect', '-e', '-sh', 'node', 'ld.so', ''].map((argv0) => ({
      title: `argv[0] "${argv0}"`,
      argv0,
    }))
    areUnchanged([...each, ...names])
  })

  suite('files', () => {
    const directories = ['/', '/work', '/work/above', '/hostile', '/home'].map((cwd) => ({
      title: `in ${cwd}`,
      cwd,
    }))
    const deep = {
      title: 'of a home directory, in a child and a worker too',
      cwd: '/work/above',
      env: { HOME: '/home', DEEP: '1' },
    }
    areUnchanged([...directories, deep])
  })

  suite('descriptors', () => {
    const tooMany = Array.from({ length: 200 }, () => 'ignore' as const)
    const cases: readonly (readonly [
      title: string,
      stdin: 'ignore' | 'pipe',
      env: Record<string, string>,
      more: readonly 'ignore'[],
    ])[] = [
      ['200 open ones', 'ignore', {}, tooMany],
      ['a channel that is a file', 'ignore', { NODE_CHANNEL_FD: '3' }, ['ignore']],
      ['a channel that is standard input', 'pipe', { NODE_CHANNEL_FD: '0' }, []],
      ['a channel that is no number', 'ignore', { NODE_CHANNEL_FD: 'x', NODE_UNIQUE_ID: '2' }, []],
      ['a channel below zero', 'ignore', { NODE_CHANNEL_FD: '-1' }, []],
      ['no channel of a cluster', 'ignore', { NODE_UNIQUE_ID: '2' }, []],
    ]
    for (const [title, stdin, env, more] of cases) {
      test(title, async () => {
        for (const variables of Object.values(STARTS)) {
          const options = { env: { ...variables, ...env }, stdio: [stdin, 'pipe', 'pipe', ...more] as never }
          const child = spawn(program, [], options) as ChildProcessByStdio<Writable, Readable, Readable>
          const { stdout, stderr, status } = await outcomeOf(child)
          assert.equal(status, 0, stderr)
          const { self } = JSON.parse(stdout) as typeof clean
          for (const name of ['channel', 'cluster', 'listeners'])
            assert.deepEqual(self[name], clean.self[name])
        }
      })
    }
  })

  suite('signals', () => {
    // SIGUSR1 alone would go on to open the inspector.
    const signals = ['SIGUSR1', 'SIGUSR2', 'SIGQUIT', 'SIGHUP', 'SIGTERM', 'SIGTRAP'] as const
    for (const signal of signals) {
      test(signal, async () => {
        for (const env of Object.values(STARTS)) {
          const child = spawn('sh', ['-c', 'ulimit -c 0; exec "$@"', 'sh', program, 'wait'], {
            env: { ...env },
            stdio: 'pipe',
          })
          const outcome = outcomeOf(child)
          await printed(child.stdout, /waiting/)
          child.kill(signal)
          if (signal === 'SIGUSR1') {
            await delay(100)
            child.kill('SIGTERM')
          }
          const { stderr, signal: by } = await outcome
          assert.deepEqual([by, stderr], [signal === 'SIGUSR1' ? 'SIGTERM' : signal, ''])
        }
      })
    }
  })
})
