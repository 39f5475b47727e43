// A contract at the start: one report of all that is wrong, exit code 78, and nothing of the program before it; and what
// `env` gives where all is right. Frozen and cold.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readdirSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { suite, test } from 'node:test'

import { ingot, ingotBuild, run } from '../../support/commands.ts'
import { isolation, runInEmptyRoot } from '../../support/empty-root.ts'
import { writeFiles } from '../../support/files.ts'
import { makeProject } from '../../support/project.ts'
import { THOROUGH } from '../../support/thorough.ts'
import { temporaryDirectory } from '../../support/temporary.ts'

const CONTRACT = {
  env: {
    PORT: { type: 'port', default: 8080 },
    DATABASE_URL: { type: 'url', required: true, secret: true, description: 'where the data lies' },
    LOG: ['debug', 'info'],
    APP_TIMEOUT: { type: 'duration', default: '1.5s' },
    APP_SIZE: 'bytes',
    APP_ON: 'boolean',
    APP_LIST: { type: 'json', default: [1, 2] },
    STATE: { default: '/state' },
  },
  files: { read: ['/etc/app.conf'], write: ['$STATE'] },
  listen: ['$PORT'],
}

const MAIN = `
import { env, ready } from 'ingot/runtime'
import { threadId, Worker, isMainThread } from 'node:worker_threads'
import { fork } from 'node:child_process'
import { once } from 'node:events'
if (process.argv[2] === 'child') {
  console.log('child', env.PORT)
} else if (!isMainThread) {
  console.log('worker', env.PORT)
} else {
  console.log('the program runs')
  const { PORT, DATABASE_URL, LOG, APP_TIMEOUT, APP_SIZE, APP_ON, APP_LIST } = env
  console.log(JSON.stringify([PORT, DATABASE_URL instanceof URL, LOG ?? null, APP_TIMEOUT, APP_SIZE ?? null, APP_ON ?? null, APP_LIST]))
  console.log(Object.keys(env).length, 'PORT' in env, 'HOME' in env, process.env.PORT ?? 'not set')
  for (const wrong of [() => env.HOME, () => { env.PORT = 1 }]) {
    try { wrong() } catch (error) { console.log(error.code) }
  }
  console.log(String(env[Symbol.toStringTag]), (await import('node:util')).inspect(env).includes('secret-password'))
  await once(new Worker(new URL(import.meta.url)), 'exit')
  await once(fork(new URL(import.meta.url), ['child']), 'exit')
}
`
const RIGHT = {
  DATABASE_URL: 'postgres://user:secret-password@db/name',
  PORT: '0',
  LOG: 'info',
  APP_SIZE: '2KiB',
  APP_ON: 'yes',
}

suite('a contract at the start', async () => {
  const parent = temporaryDirectory()
  const project = makeProject(parent, {
    'package.json': { name: 'contracted', type: 'module' },
    'ingot.config.ts': `export default ${JSON.stringify({ contract: CONTRACT })}`,
    'main.mjs': MAIN,
  })
  const out = path.join(project, 'contracted')
  const { start } = await ingotBuild(['main.mjs', '-o', out], { cwd: project })
  const files = { 'etc/app.conf': '', 'state/x': '' }
  const directory = path.join(parent, 'state')
  mkdirSync(directory)
  const conf = writeFiles(temporaryDirectory(), { 'app.conf': '' })
  const own = await buildWith(parent, { conf, directory })

  const relative = makeProject(parent, {
    'package.json': { name: 'relative', type: 'module', ingot: { contract: { files: { write: ['data'] } } } },
    'main.mjs': `console.log('it runs')`,
  })
  await ingotBuild(['main.mjs', '-o', 'relative'], { cwd: relative })

  for (const how of ['frozen', 'cold'] as const) {
    const environment: Record<string, string> = how === 'cold' ? { INGOT_START: 'cold' } : {}
    const inRoot = (env: Record<string, string>, options = {}) =>
      runInEmptyRoot(out, { env: { ...environment, ...env }, files, uid: null, readOnly: false, ...options })

    test(`${how}: a relative path begins where the program is started`, async () => {
      const command = path.join(relative, 'relative')
      const { stdout, stderr } = await run(command, [], { cwd: directory, env: environment })
      assert.deepEqual([stdout, stderr], ['it runs\n', ''])
    })

    test(`${how}: it runs where all is as it should be`, async () => {
      assert.equal(start.kind, 'frozen')
      const { status, stdout, stderr } = await inRoot(RIGHT)
      assert.deepEqual(
        [status, stdout.trim().split('\n')],
        [
          0,
          [
            'the program runs',
            '[0,true,"info",1500,2048,true,[1,2]]',
            '8 true false 0',
            'ERR_CONTRACT_UNDECLARED',
            'ERR_CONTRACT',
            'undefined false',
            'worker 0',
            'child 0',
          ],
        ],
        stderr,
      )
    })

    test(`${how}: everything that is wrong is said at once`, async () => {
      const { status, stdout, stderr } = await inRoot(
        {
          DATABSE_URL: 'x',
          PORT: 'http',
          LOG: 'loud',
          APP_SIZE: '1 parsec',
          APP_ONN: 'yes',
          STATE: '/state/none',
        },
        { files: {}, readOnly: true },
      )
      assert.deepEqual([status, stdout], [78, ''])
      const lines = stderr.split('\n')
      assert.match(lines[0]!, /^ingot: this program does not start: 7 things/)
      assert.deepEqual(
        lines.filter((line) => /^ {2}\S/.test(line)).map((line) => line.trim()),
        [
          'PORT is "http", and no port (0 to 65535)',
          'DATABASE_URL is not set: where the data lies',
          'LOG is "loud", and not one of debug, info',
          'APP_SIZE is "1 parsec", and no size (number and B, kB, MB, GB, KiB, MiB or GiB)',
          'APP_ONN is set, and is not in the contract',
          '/etc/app.conf is not there, and the program reads it',
          '/state/none ($STATE) is not there and cannot be made: / is on a read-only file system',
        ],
      )
      // A remedy for each.
      assert.equal(lines.filter((line) => line.startsWith('    help: ')).length, 7)
      assert.match(stderr, /DATABSE_URL is set: was that meant\?/)
    })

    test(`${how}: a secret is not shown`, async () => {
      const { status, stderr } = await inRoot({ DATABASE_URL: 'secret-password' })
      assert.equal(status, 78)
      assert.match(stderr, /DATABASE_URL is set to what is no URL\n/)
      assert.ok(!stderr.includes('secret-password'))
    })

    test(`${how}: a port in use, a directory that may not be written to`, async () => {
      const taken = net.createServer().listen(0)
      await once(taken, 'listening')
      const { port } = taken.address() as net.AddressInfo
      const env = { ...environment, PORT: `${port}` }
      const inUse = await run(own, [], { env })
      assert.deepEqual([inUse.status, inUse.stdout], [78, ''])
      assert.match(inUse.stderr, new RegExp(`port ${port} is in use\n    help: stop what listens there`))
      taken.close()
      await once(taken, 'close')
      const free = await run(own, [], { env })
      assert.deepEqual([free.status, free.stdout], [0, `runs ${port}\n`], free.stderr)
      assert.deepEqual(readdirSync(directory), [], 'nothing is left behind')
      if (isolation() !== 'root') return
      // Root may write everywhere: another user may not.
      chmodSync(directory, 0o555)
      const denied = await run('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', own], {
        env: { ...env, PATH: process.env['PATH'] },
      })
      assert.deepEqual([denied.status, denied.stdout], [78, ''], denied.stderr)
      assert.match(denied.stderr, /cannot be written to \(EACCES\)\n {4}help: let this user write there/)
      chmodSync(directory, 0o755)
    })
  }
})

async function buildWith(parent: string, { conf, directory }: { conf: string; directory: string }) {
  chmodSync(parent, 0o755)
  const project = makeProject(parent, {
    'package.json': {
      name: 'serves',
      ingot: {
        contract: {
          env: { PORT: 'port' },
          files: { read: [path.join(conf, 'app.conf')], write: [directory] },
          listen: ['$PORT'],
        },
      },
    },
    'main.cjs': `const net = require('node:net')
const server = net.createServer().listen(Number(process.env.PORT), () => { console.log('runs', server.address().port); server.close() })`,
  })
  for (const each of [project, conf]) chmodSync(each, 0o755)
  const out = path.join(project, 'serves')
  await ingotBuild(['main.cjs', '-o', out], { cwd: project })
  return out
}

test('a program that was frozen before its contract is checked says nothing of its own first', async () => {
  const project = makeProject(temporaryDirectory(), {
    'package.json': { name: 'early', ingot: { contract: { env: { KEY: { required: true } } } } },
    // Barriers that only the kernel sees: the date in the middle of a module, an idle event loop.
    'date.cjs': `const { writeSync } = require('node:fs')
      require('./part.cjs'); globalThis.at = Date.now(); writeSync(1, 'ran')`,
    'part.cjs': `process.on('exit', () => require('node:fs').writeSync(1, 'exit handler'))`,
    'idle.cjs': `setTimeout(() => require('node:fs').writeSync(1, 'ran'), 100)`,
    'bytes.cjs': `require('node:crypto').randomBytes(8); require('node:fs').writeSync(1, 'ran')`,
    'ready.mjs': `import { ready, onThaw } from 'ingot/runtime'
      import { writeSync } from 'node:fs'
      onThaw(() => writeSync(1, 'thawed '))
      await ready(); writeSync(1, 'ran')`,
  })
  for (const [entry, said] of [
    ['date.cjs', 'ranexit handler'],
    ['ready.mjs', 'thawed ran'],
    ...(THOROUGH
      ? ([
          ['idle.cjs', 'ran'],
          ['bytes.cjs', 'ran'],
        ] as const)
      : []),
  ] as const) {
    const out = path.join(project, `${entry}.out`)
    const { start } = await ingotBuild([entry, '-o', out], { cwd: project })
    assert.equal(start.kind, 'frozen', entry)
    const wrong = await run(out, [], { env: {} })
    assert.deepEqual([wrong.status, wrong.stdout], [78, ''], entry)
    const right = await run(out, [], { env: { KEY: 'x' } })
    assert.deepEqual([right.status, right.stdout], [0, said], entry)
  }
})

test('`ingot types` writes what TypeScript is to know, and builds do', async () => {
  const project = makeProject(temporaryDirectory(), {
    'package.json': { name: 'typed', type: 'module' },
    'ingot.config.ts': `export default ${JSON.stringify({ contract: CONTRACT })}`,
    'main.ts': `import { env } from 'ingot/runtime'\nconst port: number = env.PORT\nconsole.log(port, env.LOG)\n`,
    'wrong.ts': `import { env } from 'ingot/runtime'\nconsole.log(env.HOME)\n`,
  })
  const { status, stdout } = await ingot(['types'], { cwd: project })
  assert.deepEqual([status, stdout.startsWith('ingot-env.d.ts  PORT, DATABASE_URL')], [0, true])
  const built = await ingot(['build', 'main.ts', '--check', '-o', 'x'], { cwd: project })
  assert.equal(built.status, 0, built.stderr)
  const wrong = await ingot(['build', 'wrong.ts', '--check', '-o', 'x'], { cwd: project })
  assert.equal(wrong.status, 1)
  assert.match(wrong.stderr, /TYPE_ERROR wrong\.ts:2:17 {2}TS2339 Property 'HOME' does not exist/)
})

test('variables that the contract does not declare are named with their place', async () => {
  const project = makeProject(temporaryDirectory(), {
    'package.json': { name: 'undeclared', ingot: { contract: { env: { PORT: 'port' } } } },
    'main.cjs': `console.log(process.env.PROT)\nconst { HOME } = process.env\nprocess.env.PORT\nrequire('dep')\n`,
    'node_modules/dep/index.js': 'process.env.OF_A_PACKAGE',
    'node_modules/dep/package.json': { name: 'dep' },
  })
  const { diagnostics } = await ingotBuild(['main.cjs', '-o', 'x'], { cwd: project })
  assert.deepEqual(
    diagnostics
      .filter(({ code }) => code === 'CONTRACT_UNDECLARED')
      .map(({ message, at, help }) => [message, at?.line, at?.column, help?.startsWith('declare it')]),
    [
      ['the contract does not declare PROT', 1, 13, true],
      ['the contract does not declare HOME', 2, 9, true],
    ],
  )
})
