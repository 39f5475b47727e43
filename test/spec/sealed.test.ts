// Nothing outside changes what an executable is: each variable, file, argument and descriptor that would change plain
// node, its libraries or libc is tried on a program that prints all it can see of itself. It has to print the same as in
// an empty world, frozen and cold.

import assert from 'node:assert/strict'
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { readdirSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { before, suite, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'

import { outcomeOf, printed, type Outcome } from '../support/empty-root.ts'
import { ARGUMENTS, REMOVED } from '../support/hostile.ts'
import { readFacts, SealedProgram, STARTS, type Case, type Facts } from '../support/sealed-program.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { THOROUGH } from '../support/thorough.ts'

suite('nothing outside changes what an executable is', () => {
  const directory = temporaryDirectory()
  const program = new SealedProgram(directory)
  let clean: Facts['same']
  let cleanDeep: Facts['same']

  before(async () => {
    await program.build()
    const [plain, deep] = await program.run([{}, { env: { DEEP: '1' } }], { files: {} })
    clean = readFacts(plain!).same
    cleanDeep = readFacts(deep!).same
  })

  function areUnchanged(
    cases: readonly (Case & { readonly title: string })[],
    kinds: readonly (keyof typeof STARTS)[] = ['frozen', 'cold'],
  ): void {
    for (const kind of kinds) {
      const variables: Readonly<Record<string, string>> = STARTS[kind]
      suite(kind, () => {
        let outcomes: Outcome[] = []
        before(async () => {
          const given = cases.map((one) => ({ ...one, env: { ...variables, ...one.env } }))
          outcomes = await program.run(given)
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
    const { variables } = program
    // All of them at once are below.
    const some = Object.entries(variables).filter((_, i) => THOROUGH || i % 4 === 0)
    const each = some.map(([name, value]) => ({
      title: JSON.stringify(name),
      env: { [name]: value },
    }))
    areUnchanged(each, THOROUGH ? ['frozen', 'cold'] : ['frozen'])
    areUnchanged([{ title: 'all of them, in a child and a worker too', env: { ...variables, DEEP: '1' } }])
    test('nothing was written', () => assert.deepEqual(readdirSync(program.written), []))
  })

  suite('arguments', () => {
    const some = ARGUMENTS.filter((_, i) => THOROUGH || i % 3 === 0)
    const each = some.map((args) => ({ title: JSON.stringify(args.join(' ')), args }))
    const names = ['--inspect', '-e', '-sh', 'node', 'ld.so', ''].map((argv0) => ({
      title: `argv[0] "${argv0}"`,
      argv0,
    }))
    areUnchanged([...each, ...names], THOROUGH ? ['frozen', 'cold'] : ['cold'])
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
          const child = spawn(program.file, [], options) as ChildProcessByStdio<Writable, Readable, Readable>
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
    const signals = ['SIGUSR1', 'SIGQUIT', 'SIGTERM', 'SIGUSR2', 'SIGHUP', 'SIGTRAP'] as const
    for (const signal of THOROUGH ? signals : signals.slice(0, 3)) {
      test(signal, async () => {
        for (const env of Object.values(STARTS)) {
          const child = spawn('sh', ['-c', 'ulimit -c 0; exec "$@"', 'sh', program.file, 'wait'], {
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
