// An enforced contract: a program tries to get out of it in a hundred ways, and goes on within it. The same program
// without enforcement gets out in every one of them, so that each says something.

import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import { once } from 'node:events'
import { chmodSync, copyFileSync, mkdirSync, symlinkSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, suite, test } from 'node:test'

import { ingotBuild, run } from '../../support/commands.ts'
import { runInEmptyRoot } from '../../support/empty-root.ts'
import { writeFiles } from '../../support/files.ts'
import { temporaryDirectory } from '../../support/temporary.ts'

const FIXTURES = path.join(import.meta.dirname, '../../fixtures/contract')

suite('an enforced contract', async () => {
  const project = temporaryDirectory()
  const outside = temporaryDirectory()
  const room = path.join(project, 'room')
  mkdirSync(room)
  copyFileSync(path.join(FIXTURES, 'escapes.mjs'), path.join(project, 'main.mjs'))
  const contract = {
    env: { ROOM: { required: true }, NOT_SET: 'string', LISTEN: { type: 'port', required: true } },
    files: { write: ['$ROOM', '$NOT_SET'] },
    listen: ['$LISTEN'],
    connect: ['allowed.test'],
    run: ['true', 'false', 'node'],
  }
  writeFiles(project, { 'package.json': { name: 'escapes', type: 'module' } })
  const servers = await startServers(outside)
  after(() => servers.close())

  const build = async (name: string, enforce: boolean, start: string) => {
    const connect = [...contract.connect, `127.0.0.1:${servers.own}`]
    writeFiles(project, {
      'ingot.config.mjs': `export default ${JSON.stringify({ contract: { ...contract, connect, enforce } })}`,
    })
    const out = path.join(project, name)
    const result = await ingotBuild(['main.mjs', '-o', out, '--start', start], { cwd: project })
    return { out, start: result.start.kind }
  }
  const attempt = async (executable: string, how: 'free' | 'enforced') => {
    prepare(outside, room)
    const args = [room, outside, `${servers.tcp}`, `${servers.udp}`, `${servers.own}`, how]
    const env = { PATH: process.env['PATH'], ROOM: room, LISTEN: `${servers.own}` }
    const { status, signal, stdout, stderr } = await run(executable, args, { cwd: room, env })
    assert.deepEqual([status, signal], [0, null], stdout + stderr)
    return stdout.trim().split('\n')
  }

  const free = await build('free', false, 'cold')
  const lines = await attempt(free.out, 'free')
  test('without enforcement every attempt succeeds', () => {
    assert.deepEqual(
      lines.filter((line) => !line.endsWith(': escaped')),
      ['works: own,served,0,true'],
    )
    assert.ok(lines.length > 100, `${lines.length}`)
  })

  for (const start of ['cold', 'frozen']) {
    test(`none does in a ${start} start`, async () => {
      const bound = await build(`bound-${start}`, true, start)
      assert.equal(bound.start, start)
      const refused = await attempt(bound.out, 'enforced')
      assert.deepEqual(
        refused.filter((line) => !line.endsWith(': refused')),
        ['works: own,served,0,true'],
      )
      assert.equal(refused.length, lines.length)
    })
  }
})

test('threads of an enforced contract are bound by it', async () => {
  const project = temporaryDirectory()
  const outside = temporaryDirectory()
  copyFileSync(path.join(FIXTURES, 'workers.mjs'), path.join(project, 'main.mjs'))
  const contract = {
    enforce: true,
    workers: true,
    env: { ROOM: { required: true } },
    files: { read: ['$ROOM'] },
  }
  writeFiles(outside, {
    'secret.txt': '',
    'first.cjs': `require('node:fs').readFileSync('${outside}/secret.txt'); console.log('escaped')`,
  })
  writeFiles(project, {
    'package.json': { name: 'workers', type: 'module' },
    'ingot.config.mjs': `export default ${JSON.stringify({ contract })}`,
  })
  const out = path.join(project, 'out')
  await ingotBuild(['main.mjs', '-o', out], { cwd: project })
  const { stdout, stderr } = await run(out, [outside], { env: { ROOM: project } })
  const denied = 'ERR_ACCESS_DENIED'
  assert.equal(
    stdout,
    [
      `plain: ${denied}`,
      `other variables: ${denied}`,
      `options of node: ${denied}`,
      `a worker of a worker: ${denied}`,
      `node’s inside: ${denied}`,
      `another JSON: ${denied}`,
      `another way of sending: ${denied}`,
      `what is loaded first: ${denied}`,
      `what is imported first: ${denied}`,
      `variables of node: none`,
      `the class behind the class: ${denied}`,
      '',
    ].join('\n'),
    stderr,
  )
})

test('in an empty root a bound program serves from a cluster', async () => {
  const project = temporaryDirectory()
  writeFiles(project, {
    'package.json': { name: 'served', type: 'module' },
    'ingot.config.mjs': `export default ${JSON.stringify({
      contract: {
        enforce: true,
        env: { PORT: { type: 'port', default: 3000 } },
        files: { read: ['/etc/app.conf'] },
        listen: ['$PORT'],
        connect: ['127.0.0.1:3000'],
        run: ['node'],
      },
    })}`,
    'data.txt': 'embedded',
    'main.mjs': `
import cluster from 'node:cluster'
import fs from 'node:fs'
import http from 'node:http'
import { env } from 'ingot/runtime'
const data = fs.readFileSync(new URL('./data.txt', import.meta.url), 'utf8')
if (cluster.isPrimary) {
  const worker = cluster.fork({ PORT: '4000' })
  worker.on('listening', async ({ port }) => {
    const response = await fetch('http://127.0.0.1:' + port)
    console.log(port, await response.text(), fs.readFileSync('/etc/app.conf', 'utf8'))
    try { fs.readFileSync('/etc/other') } catch (error) { console.log(error.code) }
    worker.kill()
  })
} else {
  let code
  try { fs.readFileSync('/etc/other') } catch (error) { code = error.code }
  http.createServer((_request, response) => response.end(data + ' ' + code)).listen(env.PORT)
}
`,
  })
  const out = path.join(project, 'served')
  await ingotBuild(['main.mjs', '-o', out], { cwd: project })
  const files = { 'etc/app.conf': 'configured', 'etc/other': 'secret' }
  const { stdout, stderr } = await runInEmptyRoot(out, { files, proc: true })
  assert.equal(stdout, '3000 embedded ERR_ACCESS_DENIED configured\nERR_ACCESS_DENIED\n', stderr)
})

test('within an enforced contract everything goes on as it always does', async () => {
  const project = temporaryDirectory()
  const room = path.join(project, 'room')
  mkdirSync(room)
  for (const name of ['within.mjs', 'within-child.mjs'])
    copyFileSync(path.join(FIXTURES, name), path.join(project, name))
  writeFiles(project, {
    'package.json': { name: 'within', type: 'module' },
    'ingot.config.mjs': `export default ${JSON.stringify({
      contract: { enforce: true, workers: true, files: { write: [room] }, run: ['node', 'true'] },
    })}`,
  })
  const out = path.join(project, 'within')
  await ingotBuild(['within.mjs', '-o', out], { cwd: project })
  const { status, stdout, stderr } = await run(out, [room])
  assert.deepEqual(
    stdout.split('\n').filter((line) => line !== '' && !line.startsWith('ok ')),
    [],
    stderr,
  )
  assert.equal(status, 0)
})

/** What there is to get at. Attempts that succeed leave things behind. */
function prepare(outside: string, room: string): void {
  writeFiles(outside, {
    'secret.txt': '"a secret"',
    'to-take.txt': '',
    'to-remove.txt': '',
    'empty.txt': '',
    'variables.env': 'A_VARIABLE=1\n',
    'package.json': { name: 'outside' },
    'code.mjs': 'export const value = 1\n',
    'code.cjs': 'module.exports = 1\n',
    'reads.cjs': `require('node:fs').readFileSync(process.argv[2]); process.exit(0)\n`,
    'tree/a/b.txt': 'secret',
    'bin/false': '#!/bin/sh\nexit 7\n',
  })
  chmodSync(path.join(outside, 'bin/false'), 0o755)
  for (const [link, target] of [
    ['way-out', outside],
    ['dangling', path.join(outside, 'made-by-a-link')],
  ] as const)
    try {
      symlinkSync(target, path.join(room, link))
    } catch {
      continue // from before
    }
  const database = new DatabaseSync(path.join(outside, 'data.db'))
  database.exec('CREATE TABLE IF NOT EXISTS secrets (x)')
  database.close()
}

async function startServers(outside: string) {
  const tcp = http.createServer((_request, response) => response.end('elsewhere')).listen(0, '127.0.0.1')
  const unix = net.createServer((socket) => socket.destroy()).listen(path.join(outside, 'there.sock'))
  const udp = dgram.createSocket('udp4')
  udp.bind(0, '127.0.0.1')
  await Promise.all([tcp, unix, udp].map((server) => once(server, 'listening')))
  // Where only the other tests of this file are run nobody closes them.
  for (const server of [tcp, unix, udp]) server.unref()
  const free = net.createServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const own = (free.address() as net.AddressInfo).port
  free.close()
  return {
    tcp: (tcp.address() as net.AddressInfo).port,
    udp: udp.address().port,
    own,
    close() {
      tcp.close()
      tcp.closeAllConnections()
      unix.close()
      udp.close()
    },
  }
}
