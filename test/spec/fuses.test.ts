// Each fuse opens exactly its own: with it, what it is for has its effect, and everything else is as in a clean world.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { before, suite, test } from 'node:test'
import tls from 'node:tls'

import { ingot, runNode } from '../support/commands.ts'
import { Debugger } from '../support/debugger.ts'
import { outcomeOf, printed, type Outcome, type RootOptions } from '../support/empty-root.ts'
import { HOSTILE_FILES } from '../support/hostile.ts'
import { readFacts, SealedProgram, STARTS, type Case, type Facts } from '../support/sealed-program.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { THOROUGH } from '../support/thorough.ts'

/** One that node trusts anyway. */
const CERTIFICATE = tls.rootCertificates[0]!
const FILES = {
  ...HOSTILE_FILES,
  'hostile/ca.pem': CERTIFICATE,
  'hostile/x.cjs': 'console.log(JSON.stringify([process.argv.slice(2), process.execArgv]))\n',
  'hostile/module.mjs': 'export default "from the disk"\n',
}

suite('fuses', () => {
  const directory = temporaryDirectory()
  const program = new SealedProgram(directory)
  let clean: Facts['same']

  before(async () => {
    await program.build()
    const [outcome] = await program.run([{ env: { DEEP: '1' } }], { files: {} })
    clean = readFacts(outcome!).same
  })

  async function fuse(...words: string[]): Promise<string> {
    const { stdout, stderr, status } = await ingot(['fuse', program.file, ...words])
    assert.equal(status, 0, stderr)
    return stdout
  }

  const run = (cases: readonly Case[], options: RootOptions = {}): Promise<Outcome[]> =>
    program.run(cases, { files: FILES, ...options })

  /** With the fuse open and then closed again. */
  async function open(name: string, during: () => Promise<void>): Promise<void> {
    await fuse(`${name}=on`)
    try {
      await during()
    } finally {
      await fuse(`${name}=off`)
    }
  }

  /** Whatever is not the fuse's own. */
  async function nothingElseIsOpen(own: readonly string[]): Promise<void> {
    const variables = Object.fromEntries(
      Object.entries(program.variables).filter(([name]) => !own.includes(name)),
    )
    const args = own.includes('--inspect') ? ['x', '--inspect=0'] : ['--inspect=0', '--expose-gc']
    const outcomes = await run(
      Object.values(STARTS).map((start) => ({ args, env: { ...start, ...variables, DEEP: '1' } })),
    )
    for (const outcome of outcomes) {
      const facts = readFacts(outcome)
      assert.deepEqual(facts.same, clean)
      assert.deepEqual(facts.args, args)
    }
  }

  test('runAsNode: INGOT_RUN_AS_NODE=1 makes it node', async () => {
    const env = { INGOT_RUN_AS_NODE: '1' }
    await open('runAsNode', async () => {
      const lines = [
        ['--version'],
        ['-p', '[process.argv.length, process.execArgv, process.release.name, process.features]'],
        ['-e', 'console.log(require("node:sea").isSea(), typeof gc)', 'x'],
        ['--expose-gc', '-p', 'typeof gc'],
        ['--input-type=module', '-e', 'console.log(import.meta.url !== undefined)'],
      ]
      const seen = await run(lines.map((args) => ({ args, env })))
      for (const [i, args] of lines.entries()) {
        const { stdout, stderr, status } = await runNode(args, { env: {} })
        assert.deepEqual({ ...seen[i]! }, { stdout, stderr, status, signal: null })
      }
      const [script, withOptions] = await run([
        { args: ['--no-warnings', '/hostile/x.cjs', '--a', 'b'], env },
        {
          args: ['-p', '[typeof gc, process.env.NODE_OPTIONS]'],
          env: { ...env, NODE_OPTIONS: '--expose-gc' },
        },
      ])
      assert.equal(script!.stdout, '[["--a","b"],["--no-warnings"]]\n', script!.stderr)
      assert.equal(withOptions!.stdout, "[ 'function', '--expose-gc' ]\n", withOptions!.stderr)
      const [other] = await run([{ args: ['x'], env: { INGOT_RUN_AS_NODE: '0' } }])
      assert.deepEqual(readFacts(other!).args, ['x'])
      await nothingElseIsOpen(['INGOT_RUN_AS_NODE'])
    })
  })

  test('inspector: --inspect and its kin, and SIGUSR1', async () => {
    await open('inspector', async () => {
      await nothingElseIsOpen(['--inspect'])
      for (const args of [['--inspect=0'], ['--inspect-port=0', '--inspect'], ['--inspect=127.0.0.1:0']]) {
        const [outcome] = await run([{ args: [...args, 'a'] }])
        const { args: left, same } = readFacts(outcome!)
        assert.deepEqual(left, ['a'])
        assert.match(same.stderr, /^Debugger listening on ws:\/\/127\.0\.0\.1:/)
        assert.match(String(same.self['inspector']), /^ws:/)
      }
      const hostile = ['--inspect=0 --require=/hostile/preload.cjs']
      assert.deepEqual(readFacts((await run([{ args: hostile }]))[0]!).args, hostile)
      assert.match(await stopsIn(['--inspect-brk=0', 'wait']), /^file:\/\/\/dev\/null\/app\/\w+\.mjs$/)
      assert.match(await opensFor('SIGUSR1'), /^Debugger listening/)
    })
  })

  /** The module of the program in which it stops first. */
  async function stopsIn(args: readonly string[]): Promise<string> {
    const child = spawn(program.file, args, { env: {}, stdio: 'pipe' })
    const outcome = outcomeOf(child)
    try {
      const client = await Debugger.connect(await printed(child.stderr, /ws:\S+/))
      for (const method of ['Debugger.enable', 'Runtime.enable', 'Runtime.runIfWaitingForDebugger'])
        await client.send(method)
      for (;;) {
        const { location } = await client.paused()
        const { url } = client.scripts.find(({ scriptId }) => scriptId === location.scriptId)!
        if (!url.startsWith('node:')) return url
        await client.send('Debugger.resume')
      }
    } finally {
      child.kill('SIGKILL')
      await outcome
    }
  }

  /** What it then says on standard error. */
  async function opensFor(signal: NodeJS.Signals): Promise<string> {
    const child = spawn(program.file, ['wait'], { env: {}, stdio: 'pipe' })
    const outcome = outcomeOf(child)
    await printed(child.stdout, /waiting/)
    child.kill(signal)
    const said = await printed(child.stderr, /.+/)
    child.kill('SIGKILL')
    await outcome
    return said
  }

  test('nodeOptions: NODE_OPTIONS, in children and workers too', async () => {
    await open('nodeOptions', async () => {
      await nothingElseIsOpen(['NODE_OPTIONS'])
      const env = {
        NODE_OPTIONS: '--require /hostile/preload.cjs --import "/hostile/import.mjs" --stack-trace-limit=7',
      }
      const [outcome] = await run([{ args: ['a'], env: { ...env, DEEP: '1' } }])
      const { stdout, stderr } = outcome!
      const facts = JSON.parse(
        stdout.slice(stdout.indexOf('{'), stdout.lastIndexOf('}') + 1),
      ) as Facts['same']
      for (const one of [facts.self, facts.others[0]!]) {
        assert.deepEqual(one['traces'], ['hostilePreload', 'hostileImport'], stderr)
        assert.equal(one['stackTraceLimit'], 7)
        assert.deepEqual(one['execArgv'], [])
      }
      assert.deepEqual(facts.others[1]!['traces'], ['hostilePreload', 'hostileImport'])
    })
  })

  const STORE = { ...FILES, 'etc/ssl/certs/one.pem': CERTIFICATE }

  if (THOROUGH)
    test('systemCa: the machine’s certificates, where there are some', async () => {
      const [closed] = await run([{}], { files: STORE })
      assert.deepEqual(readFacts(closed!).same.self['roots'], [0, 0, -tls.rootCertificates.length])
      await open('systemCa', async () => {
        await nothingElseIsOpen(['NODE_USE_SYSTEM_CA'])
        const [there, missing] = [
          ...(await run([{ env: { DEEP: '1', SSL_CERT_FILE: '/hostile/none', SSL_CERT_DIR: '/hostile' } }], {
            files: STORE,
          })),
          ...(await run([{ env: { DEEP: '1' } }])),
        ]
        const { self, others } = readFacts(there!).same
        for (const one of [self, ...others]) assert.deepEqual((one['roots'] as number[])[0], 1)
        assert.deepEqual(readFacts(missing!).same, clean)
      })
    })

  if (THOROUGH)
    test('extraCa: NODE_EXTRA_CA_CERTS, and which store the machine’s is', async () => {
      const own = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR']
      const env = {
        NODE_EXTRA_CA_CERTS: '/hostile/ca.pem',
        SSL_CERT_FILE: '/hostile/ca.pem',
        SSL_CERT_DIR: '/hostile/none',
      }
      const roots = ({ same }: Facts) =>
        (same.self['roots'] as number[]).map((count) =>
          count < 0 ? count + tls.rootCertificates.length : count,
        )
      assert.deepEqual(roots(readFacts((await run([{ env }]))[0]!)), [0, 0, 0])
      await open('extraCa', async () => {
        await nothingElseIsOpen(own)
        const [opened] = await run([{ env }])
        assert.deepEqual(roots(readFacts(opened!)), [1, 0, 1])
        assert.equal(readFacts(opened!).same.self['systemRoots'], 1)
      })
    })

  test('codeFromDisk: modules that are not inside', async () => {
    const load = Object.values(STARTS).map((env) => ({ args: ['import', '/hostile/module.mjs'], env }))
    const results = async () => (await run(load)).map(({ stdout }) => JSON.parse(stdout) as unknown)
    assert.deepEqual(await results(), ['from the disk', 'from the disk'])
    await fuse('codeFromDisk=off')
    assert.deepEqual(await results(), ['refused', 'refused'])
    await nothingElseIsOpen([])
    await fuse('codeFromDisk=on')
    assert.deepEqual(await results(), ['from the disk', 'from the disk'])
  })

  if (THOROUGH)
    test('coreDumps and coldStart', async () => {
      const cases = Object.values(STARTS).map((env) => ({ args: ['process'], env }))
      const seen = async () =>
        (await run(cases, { proc: true })).map(
          ({ stdout }) => JSON.parse(stdout) as { isThawed: boolean; core: string[]; isOwn: boolean },
        )
      const before = await seen()
      assert.deepEqual(
        before.map(({ isThawed, isOwn }) => [isThawed, isOwn]),
        [
          [true, true],
          [false, true],
        ],
      )
      await fuse('coreDumps=off', 'coldStart=off')
      const after = await seen()
      assert.deepEqual(after, [
        { isThawed: true, core: ['0', '0'], isOwn: false },
        { isThawed: true, core: ['0', '0'], isOwn: false },
      ])
      await nothingElseIsOpen([])
      await fuse('coreDumps=on', 'coldStart=on')
      assert.deepEqual(await seen(), before)
    })
})
