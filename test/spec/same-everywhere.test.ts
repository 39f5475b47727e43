// What is developed is what ships: `ingot dev`, `ingot run` and the built executable are the same module graph, and say
// the same of themselves and of the world.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'

import { INGOT, ingot, ingotBuild, run } from '../support/commands.ts'
import { DevSession } from '../support/dev-session.ts'
import { printed } from '../support/empty-root.ts'
import { copyOfExample } from '../support/example.ts'
import type { Files } from '../support/files.ts'
import { makeProject } from '../support/project.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { THOROUGH } from '../support/thorough.ts'

/** Everything that a program can see of where and how it runs, and that has to be the same. */
const SELF: Files = {
  'package.json': { name: 'self', type: 'module', dependencies: { dep: '1' }, version: '1.0.0' },
  'src/main.ts': `import { readdirSync, readFileSync } from 'node:fs'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import path from 'node:path'
import { Worker, isMainThread } from 'node:worker_threads'
import dep from 'dep'
import { Kind } from './kind.ts'

const child = fork(new URL('./child.ts', import.meta.url))
const [ofChild] = await once(child, 'message')
const [ofWorker] = await once(new Worker(new URL('./worker.ts', import.meta.url)), 'message')
const places = [new Error('x').stack?.split('\\n')[1]?.trim(), import.meta.url, import.meta.dirname, import.meta.main, dep, ofChild, ofWorker]
const require = createRequire(import.meta.url)
const modules = [Kind.Square, require.resolve('dep'), import.meta.resolve('dep'), Object.keys(require.cache), isMainThread]
const files = [readdirSync(path.join(import.meta.dirname, '..'), { recursive: true }).toSorted(), readFileSync(new URL('../data/a.txt', import.meta.url), 'utf8')]
const { execPath, argv, argv0, execArgv, env, versions, features, release, config } = process
const world = [argv[0] === execPath, argv.slice(1), argv0 === '' , execArgv, Object.keys(env), Object.entries(env).filter(([name]) => name !== '_'), process.cwd(), versions, features, release, config, process.title === execPath]
const streams = [process.stdin.isTTY, process.stdout.isTTY, 'send' in process, process.connected, 'channel' in process, process.listenerCount('message'), process.listenerCount('exit')]
console.log(JSON.stringify({ places, modules, files, world, streams }, null, 1))
console.error('execPath=' + execPath)
`,
  'src/kind.ts': 'export enum Kind { Round, Square = 7 }\n',
  'src/child.ts':
    'process.send?.([import.meta.url, process.argv.slice(1), Object.keys(process.env)])\nprocess.disconnect?.()\n',
  'src/worker.ts':
    "import { parentPort } from 'node:worker_threads'\nparentPort!.postMessage([import.meta.dirname, process.argv.slice(1), process.env['PATH']])\n",
  'data/a.txt': 'an asset',
  'node_modules/dep/package.json': { name: 'dep', version: '1.0.0', main: 'lib/index.js' },
  'node_modules/dep/lib/index.js':
    'module.exports = [__dirname, __filename, module.paths, require.main === module]\n',
}

const GRAPH = /"graph":"([0-9a-f]{64})"/

function graphIn(file: string): string | undefined {
  return GRAPH.exec(readFileSync(file, 'latin1'))?.[1]
}

interface Program {
  readonly cwd: string
  readonly entry: string
  readonly args?: readonly string[]
}

async function built({ cwd, entry, args = [] }: Program) {
  const { out, moduleGraph } = await ingotBuild([entry, '-o', 'built/', '--start', 'cold'], { cwd })
  const { stdout, status } = await run(out, args, { cwd })
  return { stdout, status, graph: moduleGraph }
}

async function developed({ cwd, entry, args = [] }: Program) {
  const dev = new DevSession([entry, ...args], { cwd })
  dev.process.stdin.end()
  try {
    const [, code] = await dev.says(/the program has ended \(exit code (\d+)\)/)
    const graph = graphIn(dev.payload())
    return { stdout: dev.stdout, status: Number(code), graph }
  } finally {
    await dev.end()
  }
}

suite('dev, run and build', () => {
  const directory = temporaryDirectory()

  test('a program sees the same of itself and of the world', async () => {
    const cwd = makeProject(directory, SELF)
    const program = { cwd, entry: 'src/main.ts', args: ['--a', 'b c'] }
    const ships = await built(program)
    const runs = await ingot(['run', program.entry, ...program.args], { cwd })
    const develops = await developed(program)
    assert.deepEqual(JSON.parse(develops.stdout), JSON.parse(ships.stdout))
    assert.deepEqual(JSON.parse(runs.stdout), JSON.parse(ships.stdout))
    const file = /execPath=(.+)/.exec(runs.stderr)![1]!
    assert.equal(graphIn(file), ships.graph)
    assert.equal(develops.graph, ships.graph)
  })

  const examples: readonly (readonly [name: string, entry: string, ...args: string[]])[] = [
    ['hello', 'main.ts', 'Ada Lovelace'],
    ['cli', 'src/main.ts', 'convert', '26.2', 'mile', '--to', 'km'],
    ['cli', 'src/main.ts', 'nothing'],
    ['decorators', 'src/main.tsx'],
    ['addon', 'main.ts', 'pass word'],
    ['busybox', 'src/shout.ts', 'a'],
  ]
  for (const [name, entry, ...args] of THOROUGH ? examples : examples.slice(0, 1)) {
    test(`examples/${name} ${args.join(' ')}`, async () => {
      const cwd = await copyOfExample(name)
      const program = { cwd, entry, args }
      const ships = await built(program)
      const { stdout, status } = await ingot(['run', entry, ...args], { cwd })
      assert.deepEqual({ stdout, status }, { stdout: ships.stdout, status: ships.status })
      assert.deepEqual(await developed(program), ships)
    })
  }

  if (THOROUGH)
    test('examples/http', async (t) => {
      const cwd = await copyOfExample('http')
      const { out, moduleGraph } = await ingotBuild(['-o', 'built/', '--start', 'cold'], { cwd })
      const env = { ...process.env, PORT: '0' }
      const dev = new DevSession(['src/main.ts'], { cwd, env })
      t.after(() => dev.end())
      const addresses = [(await dev.says(/http:\S+/, 'stdout'))[0]]
      for (const command of [[out], [process.execPath, INGOT, 'run', 'src/main.ts']]) {
        const program = spawn(command[0]!, command.slice(1), {
          cwd,
          env,
          stdio: ['ignore', 'pipe', 'inherit'],
        })
        t.after(() => program.kill())
        addresses.push(await printed(program.stdout, /http:\S+(?=\n)/))
      }
      for (const url of ['/', '/static/style.css', '/static/none', '/api/hello/Ada']) {
        const answers = await Promise.all(
          addresses.map(async (address) => {
            const response = await fetch(address + url)
            return [response.status, response.headers.get('content-type'), await response.text()]
          }),
        )
        for (const each of answers) assert.deepEqual(each, answers[0], url)
      }
      assert.equal(graphIn(dev.payload()), moduleGraph)
    })
})
