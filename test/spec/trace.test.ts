// `ingot trace`: one run shows what a build cannot know, and builds go by it from then on.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'

import type { TraceFile } from '../../src/base/trace-file.ts'
import { INGOT, ingot, ingotBuild, ingotFails, runNode } from '../support/commands.ts'
import { runInEmptyRoot } from '../support/empty-root.ts'
import { DevSession } from '../support/dev-session.ts'
import type { Files } from '../support/files.ts'
import { makeProject } from '../support/project.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { START, THOROUGH } from '../support/thorough.ts'

const PROGRAM: Files = {
  'package.json': { name: 'app', type: 'module' },
  'src/main.ts': `import { fork, spawnSync } from 'node:child_process'
import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import http from 'node:http'
import path from 'node:path'
import { Worker } from 'node:worker_threads'

const name: string = ['..', 'plugins', \`\${process.env.PLUGIN ?? 'a'}.mjs\`].reduce((all, part) => \`\${all}/\${part}\`)
console.log((await import(name)).default)
const settings = atob('c2V0dGluZ3MuanNvbg==')
console.log(await readFile(path.join(import.meta.dirname, '..', settings), 'utf8'))
console.log(readFileSync(new URL('inside.txt', import.meta.url), 'utf8'))
const host = path.join(process.cwd(), 'data', ['host', 'txt'].join('.'))
if (existsSync(host)) console.log(readFileSync(host, 'utf8'))
console.log('OTHER' in process.env)
const server = http.createServer((request, response) => response.end('answer')).listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
const { port } = server.address() as { port: number }
console.log(await (await fetch(\`http://127.0.0.1:\${port}/\`)).text())
server.close()
await new Promise((resolve) => fork(new URL('child.mjs', import.meta.url)).once('exit', resolve))
await new Promise((resolve) => new Worker(new URL('worker.mjs', import.meta.url)).once('exit', resolve))
spawnSync('/bin/true', ['first', 'second', 'third'])
if (existsSync('/etc/passwd'))
  await new Promise((resolve) => createReadStream('/etc/passwd').resume().on('close', resolve))
process.exitCode = Number(process.argv[2] ?? 0)
`,
  'src/child.mjs': "console.log('child', typeof process.env.OF_CHILD)\n",
  'src/worker.mjs': `import { readFileSync } from 'node:fs'
console.log('worker', readFileSync(new URL('of-worker.txt', import.meta.url), 'utf8'))
`,
  'src/of-worker.txt': 'of worker',
  'src/inside.txt': 'inside',
  'settings.json': '{"setting":1}',
  'plugins/a.mjs': "import { b } from './b.mjs'\nexport default `plugin a, ${b}`\n",
  'plugins/b.mjs': "export const b = 'b'\n",
  'plugins/c.mjs': "export default 'plugin c'\n",
  'data/host.txt': 'of the host',
}

const SAYS = ['plugin a, b', '{"setting":1}', 'inside', 'of the host', 'false', 'answer']
const SAYS_LATER = ['child undefined', 'worker of worker', '']

suite('ingot trace', { concurrency: 2 }, () => {
  const directory = temporaryDirectory()
  const readTrace = (project: string): TraceFile =>
    JSON.parse(readFileSync(path.join(project, 'ingot.trace.json'), 'utf8')) as TraceFile

  test('records what a program, its threads and its children use', async () => {
    const project = makeProject(directory, PROGRAM)
    const { status, stdout, stderr } = await ingot(['trace', 'src/main.ts', '3'], { cwd: project })
    assert.equal(status, 3, stderr)
    assert.equal(stdout, [...SAYS, ...SAYS_LATER].join('\n'))
    const trace = readTrace(project)
    const files = (used: TraceFile['files']) => used.map(({ file, from }) => `${from} ${file}`)
    assert.deepEqual(files(trace.modules), [
      'missing plugins/a.mjs',
      'missing plugins/b.mjs',
      'embedded src/child.mjs',
      'embedded src/main.ts',
      'embedded src/worker.mjs',
    ])
    assert.deepEqual(files(trace.files), [
      'host /etc/passwd',
      'host data/host.txt',
      'missing settings.json',
      'embedded src/inside.txt',
      'embedded src/of-worker.txt',
    ])
    assert.deepEqual(
      trace.variables.map(({ name }) => name),
      ['OF_CHILD', 'OTHER', 'PLUGIN'],
    )
    assert.deepEqual(trace.listening, [{ address: '127.0.0.1:0' }])
    assert.deepEqual(
      trace.connections.map(({ address }) => address),
      ['127.0.0.1:0'],
    )
    assert.deepEqual(
      trace.processes.map(({ file, arguments: args }) => [file, ...args]),
      [
        ['/bin/true', 'first', 'second'],
        ['node', 'src/child.mjs'],
      ],
    )
    const placeOf = (used: TraceFile['files'], name: string) => used.find(({ file }) => file === name)!.at
    assert.match(placeOf(trace.modules, 'plugins/a.mjs')!, /^src\/main\.ts:9:/)
    assert.match(placeOf(trace.files, 'settings.json')!, /^src\/main\.ts:11:/)
    assert.match(placeOf(trace.files, 'src/of-worker.txt')!, /^src\/worker\.mjs:2:/)
    assert.match(trace.variables[2]!.at!, /^src\/main\.ts:8:/)

    assert.match(
      stderr,
      /warning TRACE_MISSING_INCLUDE src\/main\.ts:9:\d+ {2}plugins\/a\.mjs, plugins\/b\.mjs are/,
    )
    assert.match(stderr, /warning TRACE_HOST_FILE src\/main\.ts:14:\d+ {2}data\/host\.txt/)
    assert.match(stderr, /info TRACE_COMPUTED src\/main\.ts:9:\d+ {2}it has loaded plugins\/a\.mjs/)
    assert.match(stderr, /variables +OF_CHILD, OTHER, PLUGIN\n/)

    // The same run, the same file.
    const text = readFileSync(path.join(project, 'ingot.trace.json'), 'utf8')
    await ingot(['trace', '--', 'src/main.ts'], { cwd: project })
    assert.equal(readFileSync(path.join(project, 'ingot.trace.json'), 'utf8'), text)
    assert.ok(!text.includes(project))
  })

  test('a build goes by it', async () => {
    const project = makeProject(directory, PROGRAM)
    const build = () => ingotBuild([...START, 'src/main.ts', '-o', 'program'], { cwd: project })
    const runAnywhere = () => runInEmptyRoot(path.join(project, 'program'), { cwd: '/' })
    const before = await build()
    assert.deepEqual(
      before.diagnostics.map(({ severity, code }) => `${severity} ${code}`),
      ['warning DYNAMIC_IMPORT'],
    )
    const failed = await runAnywhere()
    assert.notEqual(failed.status, 0)
    assert.match(failed.stderr, /plugins\/a\.mjs is not in this executable/)

    await ingot(['trace', 'src/main.ts'], { cwd: project })
    const after = await build()
    assert.deepEqual(
      after.diagnostics.map(({ severity, code }) => `${severity} ${code}`),
      ['info DYNAMIC_IMPORT'],
    )
    const { status, stdout, stderr } = await runAnywhere()
    assert.equal(stderr, '')
    assert.equal(status, 0)
    const inEmptyRoot = SAYS.filter((line) => line !== 'of the host')
    assert.equal(stdout, [...inEmptyRoot, ...SAYS_LATER].join('\n'))
    const why = await ingot(['why', 'plugins/b.mjs', 'src/main.ts'], { cwd: project })
    assert.match(why.stdout, /was used when the program was traced/)
    // What is read by its path on the machine may be anybody's, and is not found inside.
    assert.equal((await ingot(['why', 'data/host.txt', 'src/main.ts'], { cwd: project })).status, 1)

    // What is gone is gone.
    rmSync(path.join(project, 'plugins'), { recursive: true })
    await build()

    writeFileSync(path.join(project, 'ingot.trace.json'), '{ "version": 1')
    const { error } = await ingotFails(['src/main.ts', '-o', 'program'], { cwd: project })
    assert.equal(error.code, 'TRACE_INVALID')
    assert.equal(error.at?.file, path.join(project, 'ingot.trace.json'))
    assert.match(error.help!, /ingot trace/)
  })

  test('bundled modules stay files where their names are made at run time', async () => {
    const project = makeProject(directory, {
      'package.json': { type: 'module' },
      'main.ts': `import { used } from './plugins/a.ts'
const name: string = ['.', 'plugins', 'a.ts'].join('/')
console.log(used === (await import(name)).used)
`,
      'plugins/a.ts': 'export const used: object = {}\n',
    })
    await ingot(['trace', 'main.ts'], { cwd: project })
    await ingotBuild([...START, '--bundle', 'main.ts', '-o', 'program'], { cwd: project })
    const { stdout, stderr } = await runInEmptyRoot(path.join(project, 'program'))
    assert.equal(stdout, 'true\n', stderr)
  })

  test('packages that are loaded by a name from elsewhere, through links too', async () => {
    const project = makeProject(directory, {
      'package.json': { type: 'module' },
      'main.mjs': `const names = process.env.NAMES.split(' ')
for (const name of names) console.log(await import(name).then((found) => found.default, (error) => error.code))
`,
      'node_modules/plain/package.json': { name: 'plain', exports: './lib/index.js' },
      'node_modules/plain/lib/index.js': "module.exports = require('./data.json')\n",
      'node_modules/plain/lib/data.json': { plain: 1 },
      'node_modules/.store/linked/package.json': { name: 'linked', main: 'm.js' },
      'node_modules/.store/linked/m.js': "module.exports = 'linked'\n",
      'node_modules/left-out/index.js': "module.exports = 'left out'\n",
      'ingot.config.ts': "export default { external: ['left-out'] }\n",
    })
    symlinkSync('.store/linked', path.join(project, 'node_modules/linked'))
    const NAMES = 'plain linked left-out'
    const says = '{ plain: 1 }\nlinked\nERR_MODULE_NOT_FOUND\n'
    const { stdout } = await ingot(['trace', 'main.mjs'], { cwd: project, env: { ...process.env, NAMES } })
    assert.equal(stdout, says)
    await ingotBuild([...START, 'main.mjs', '-o', 'program'], { cwd: project })
    const built = await runInEmptyRoot(path.join(project, 'program'), { env: { NAMES } })
    assert.equal(built.stdout, says, built.stderr)
  })

  if (THOROUGH)
    test('several runs add up', async () => {
      const project = makeProject(directory, PROGRAM)
      for (const PLUGIN of ['c', 'a']) {
        const args = ['trace', ...(PLUGIN === 'a' ? ['--add'] : []), 'src/main.ts']
        await ingot(args, { cwd: project, env: { ...process.env, PLUGIN } })
      }
      const plugins = readTrace(project).modules.filter(({ from }) => from === 'missing')
      assert.deepEqual(
        plugins.map(({ file }) => file),
        ['plugins/a.mjs', 'plugins/b.mjs', 'plugins/c.mjs'],
      )
    })

  test('a source that only a compiler understands is traced in two runs', async () => {
    const project = makeProject(directory, {
      'package.json': { type: 'module' },
      'main.mjs': 'console.log((await import(process.env.NAME)).E.one)\n',
      'parts/e.ts': 'export enum E { one = 1 }\n',
    })
    const env = { ...process.env, NAME: './parts/e.ts' }
    const first = await ingot(['trace', 'main.mjs'], { cwd: project, env })
    assert.equal(first.status, 1)
    assert.match(first.stderr, /info TRACE_NOT_COMPILED {2}parts\/e\.ts/)
    const second = await ingot(['trace', '--add', 'main.mjs'], { cwd: project, env })
    assert.equal(second.stdout, '1\n', second.stderr)
    assert.equal(readTrace(project).modules.find(({ file }) => file === 'parts/e.ts')!.from, 'missing')
  })

  test('a program in development takes up a trace that comes, and goes', async (t) => {
    const project = makeProject(directory, {
      'package.json': { type: 'module' },
      'main.mjs':
        'console.log(await import(process.env.NAME).then((found) => found.default, (error) => error.code))\n',
      'parts/p.mjs': "export default 'a part'\n",
    })
    const env = { ...process.env, NAME: './parts/p.mjs' }
    const dev = new DevSession(['main.mjs'], { cwd: project, env })
    t.after(() => dev.end('SIGKILL'))
    await dev.says(/ERR_MODULE_NOT_FOUND/, 'stdout')
    await ingot(['trace', 'main.mjs'], { cwd: project, env })
    await dev.says(/a part/, 'stdout')
    dev.forget()
    rmSync(path.join(project, 'ingot.trace.json'))
    await dev.says(/ERR_MODULE_NOT_FOUND/, 'stdout')
  })

  test('a program sees nothing of it', async () => {
    const project = makeProject(directory, {
      'package.json': { type: 'module' },
      'main.mjs': `import { spawnSync } from 'node:child_process'
import { env } from 'node:process'
import { inspect } from 'node:util'
import { Worker } from 'node:worker_threads'
env.NUMBER = 5
console.log(env.NUMBER, 'NUMBER' in env, Object.hasOwn(env, 'NUMBER'), Object.keys(env).includes('NUMBER'))
console.log(delete env.NUMBER, env.NUMBER, String(env), typeof inspect(env), Object.isExtensible(env))
console.log(Object.getOwnPropertyDescriptor(env, 'GIVEN'), { ...env }.GIVEN, JSON.parse(JSON.stringify(env)).GIVEN)
for (const bad of [{ value: 1 }, { get() {} }]) {
  try { Object.defineProperty(env, 'BAD', bad) } catch (error) { console.log(error.code) }
}
try { env[Symbol('s')] = 1 } catch (error) { console.log(error.name) }
console.log(spawnSync('/bin/sh', ['-c', 'echo $GIVEN $LATER'], { env: { ...env, LATER: 'later' } }).stdout.toString())
console.log(process.listenerCount('exit'), process.connected, Object.keys(env).filter((name) => name.startsWith('NODE_CHANNEL')))
await new Promise((resolve) => new Worker('console.log(process.env.GIVEN)', { eval: true, env }).once('exit', resolve))
`,
    })
    const env = { ...process.env, GIVEN: 'given' }
    const plain = await runNode(['main.mjs'], { cwd: project, env })
    const traced = await ingot(['trace', 'main.mjs'], { cwd: project, env })
    assert.equal(plain.stderr, '')
    assert.equal(traced.stdout, plain.stdout)
    const { variables } = readTrace(project)
    assert.deepEqual(
      variables.map(({ name }) => name),
      ['*', 'GIVEN', 'NUMBER'],
    )
  })

  test('a program that is told to end has its say, and its trace', async () => {
    const project = makeProject(directory, {
      'main.mjs': `process.on('SIGTERM', () => { console.log(process.env.AT_END ?? 'in order'); process.exit(7) })
setInterval(() => {}, 1000)
console.log('ready')
`,
    })
    const child = spawn(process.execPath, [INGOT, 'trace', '--json', 'main.mjs'], {
      cwd: project,
      stdio: 'pipe',
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (data: Buffer) => {
      stdout += data.toString()
      if (data.toString() === 'ready\n') child.kill('SIGTERM')
    })
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()))
    const status = await new Promise((resolve) => child.once('close', resolve))
    assert.equal(status, 7, stderr)
    assert.equal(stdout, 'ready\nin order\n')
    const report = JSON.parse(stderr.trim().split('\n').at(-1)!) as { ending: unknown; trace: TraceFile }
    assert.deepEqual(report.ending, { code: 7, signal: null })
    assert.deepEqual(report.trace, readTrace(project))
    assert.deepEqual(
      report.trace.variables.map(({ name }) => name),
      ['AT_END'],
    )
  })

  test('a program that does not compile leaves the trace as it was', async () => {
    const project = makeProject(directory, { 'main.mjs': 'const = 1\n' })
    const { status, stdout, stderr } = await ingot(['trace', 'main.mjs'], { cwd: project })
    assert.equal(status, 1)
    assert.equal(stdout, '')
    assert.match(stderr, /error SYNTAX_ERROR main\.mjs:1:/)
    assert.equal(existsSync(path.join(project, 'ingot.trace.json')), false)
  })
})
