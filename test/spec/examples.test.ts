// Every folder in examples/ is built, and does in an empty root what it does under plain Node.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { spawn } from 'node:child_process'
import { suite, test } from 'node:test'

import { ingotBuild, REPOSITORY, run, runNode } from '../support/commands.ts'
import { printed, runInEmptyRoot, startInEmptyRoot, type Outcome } from '../support/empty-root.ts'
import { copyOfExample, EXAMPLES } from '../support/example.ts'

interface Call {
  readonly args?: readonly string[]
  readonly input?: string
  /** Runs the executable under this name. */
  readonly name?: string
  /** The same for plain Node, where it is not `main` with `args`. */
  readonly reference?: readonly string[]
}

interface Example {
  /** What plain Node runs; with `expected` instead where Node cannot. */
  readonly main?: string
  readonly expected?: string
  readonly calls: readonly Call[]
}

const ADDRESS = /http:\S+(?=\n)/
const TEXT = 'to be or\nnot to be: ça\n'

const examples: Readonly<Record<string, Example>> = {
  hello: { main: 'main.ts', calls: [{}, { args: ['Ada Lovelace'] }] },
  cli: {
    main: 'src/main.ts',
    calls: [
      {},
      { args: ['list'] },
      { args: ['convert', '26.2', 'mile', '--to', 'km'] },
      { args: ['sum'], input: '3 km\n2 mile\n' },
      { args: ['convert', '1', 'parsec'] },
      { args: ['convert', '--nope'] },
      { args: ['nothing'] },
    ],
  },
  busybox: {
    calls: [
      { name: 'count', input: TEXT, reference: ['src/count.ts'] },
      { name: 'shout', args: ['a', 'count'], input: TEXT, reference: ['src/shout.ts', 'a', 'count'] },
      { args: ['count'], input: TEXT, reference: ['src/count.ts'] },
      { args: ['shout', 'b c'], input: TEXT, reference: ['src/shout.ts', 'b c'] },
    ],
  },
  decorators: { expected: 'expected.txt', calls: [{}] },
  addon: { main: 'main.ts', calls: [{}, { args: ['pass word'] }] },
}

for (const [name, { main, expected, calls }] of Object.entries(examples)) {
  suite(`examples/${name}`, async () => {
    const directory = await copyOfExample(name)
    const out = path.join(directory, 'out/program')
    const { diagnostics } = await ingotBuild(['-o', out], { cwd: directory })

    test('is built without a warning', () => assert.deepEqual(diagnostics, []))

    for (const call of calls) {
      test(['runs', call.name, ...(call.args ?? [])].filter(Boolean).join(' '), async () => {
        const actual = await runInEmptyRoot(out, call)
        const reference =
          expected === undefined
            ? await plainNode(directory, call.reference ?? [main!, ...(call.args ?? [])], call)
            : {
                status: 0,
                signal: null,
                stdout: readFileSync(path.join(directory, expected), 'utf8'),
                stderr: '',
              }
        assert.deepEqual(withoutPaths(actual), withoutPaths(reference, directory))
      })
    }
  })
}

function plainNode(directory: string, command: readonly string[], { input = '' }: Call): Promise<Outcome> {
  // import … with { type: 'text' } is behind a flag there.
  const flags = ['--experimental-import-text', '--disable-warning=ExperimentalWarning']
  return runNode([...flags, ...command], { cwd: directory, input, env: {} })
}

/** Stack traces name the same files, in the place where each program has them; node's own frames are its business. */
function withoutPaths({ stderr, ...rest }: Outcome, directory = '/dev/null/app'): Outcome {
  const own = stderr.replace(/^ +at .*\bnode:internal\/.*\n/gm, '')
  return { ...rest, stderr: own.replaceAll(`file://${directory}`, '').replaceAll(directory, '') }
}

suite('examples/http', async () => {
  const directory = await copyOfExample('http')
  const out = path.join(directory, 'out/http')
  const { diagnostics } = await ingotBuild(['-o', out], { cwd: directory })

  test('is built without a warning', () => assert.deepEqual(diagnostics, []))

  test('answers from an empty root what it answers under plain Node', async () => {
    const program = startInEmptyRoot(out, { env: { PORT: '0' } })
    const node = spawn(process.execPath, ['src/main.ts'], {
      cwd: directory,
      env: { PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      const [actual, reference] = await Promise.all([
        printed(program.process.stdout, ADDRESS),
        printed(node.stdout, ADDRESS),
      ])
      for (const request of [
        '/',
        '/static/style.css',
        '/static/robots.txt',
        '/static/none',
        '/api/hello/Ada',
        '/none',
      ]) {
        assert.deepEqual(await answer(actual + request), await answer(reference + request), request)
      }
      const host = await (await fetch(`${actual}/api/host`)).json()
      if (program.isolation === 'root') {
        assert.deepEqual(host, { uid: 65534, root: ['http'], hasProc: false, writing: 'EROFS' })
      }
    } finally {
      node.kill('SIGTERM')
      program.kill('SIGTERM')
      await once(node, 'close')
    }
    assert.deepEqual([(await program.outcome).status, node.exitCode], [0, 0])
  })
})

async function answer(url: string) {
  const response = await fetch(url)
  const { 'content-type': type, etag, 'cache-control': caching } = Object.fromEntries(response.headers)
  return { status: response.status, type, caching, isTagged: etag !== undefined, body: await response.text() }
}

test('no example is forgotten, and each has its line in the README', () => {
  const folders = readdirSync(EXAMPLES, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const names = folders.map(({ name }) => name)
  assert.deepEqual(names.toSorted(), [...Object.keys(examples), 'http'].toSorted())
  const readme = readFileSync(path.join(EXAMPLES, 'README.md'), 'utf8')
  assert.deepEqual(
    names.filter((name) => !readme.includes(`[\`${name}\`](${name}/)`)),
    [],
  )
})

test('lock files name no host', () => {
  for (const name of Object.keys(examples)) {
    const lock = readFileSync(path.join(EXAMPLES, name, 'package-lock.json'), 'utf8')
    assert.doesNotMatch(lock, /"resolved"/, name)
  }
})

test('npm run demo succeeds and prints its proof', async () => {
  const { status, stdout, stderr } = await run(process.execPath, ['examples/demo.ts'], { cwd: REPOSITORY })
  assert.equal(status, 0, stdout + stderr)
  assert.match(stdout, /statically linked/)
  assert.match(stdout, /GET \/api\/hello\/you +200/)
})
