import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { addressBytes, launcherBinder, portProblem } from './ports.ts'

test('the bytes of an address', () => {
  for (const [host, bytes] of [
    ['127.0.0.1', '7f000001'],
    ['255.255.255.255', 'ffffffff'],
    ['::', '0'.repeat(32)],
    ['::1', `${'0'.repeat(31)}1`],
    ['2001:DB8::a:1', '20010DB80000000000000000000a0001'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['1:2:3:4:5:6:7::', '00010002000300040005000600070000'],
    ['::ffff:10.0.0.1', '00000000000000000000ffff0a000001'],
  ] as const)
    assert.equal(addressBytes(host), bytes, host)
  const names = ['host', '1.2.3', '256.1.1.1', '1.2.3.4.5', 'fe80::1%eth0', '1::2::3', '1:2', '12345::']
  for (const name of [...names, '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7:8::', '::1.2.3', ':1:2:3:4:5:6:7', ''])
    assert.equal(addressBytes(name), undefined, name)
})

test('a port without a host is one of both families, or of IPv4 where there is no other', () => {
  for (const [answers, asked] of [
    [['EADDRINUSE'], ['::']],
    [
      ['EAFNOSUPPORT', 'EADDRINUSE'],
      ['::', '0.0.0.0'],
    ],
  ] as const) {
    const tried: string[] = []
    const bind = (address: string) => answers[tried.push(address) - 1]
    const problem = portProblem(bind, { kind: 'port', host: undefined, port: 8080 }, 'PORT')
    assert.equal(problem?.what, 'port 8080 is in use')
    assert.deepEqual(tried, asked)
  }
  const free: string[] = []
  assert.equal(
    portProblem((address) => void free.push(address), { kind: 'port', host: undefined, port: 1 }, undefined),
    undefined,
  )
  assert.deepEqual(free, ['::'])
})

test('the launcher is told the address as the kernel takes it', () => {
  const told: string[] = []
  const bind = launcherBinder({ access: (path: string) => void told.push(path) })
  bind('127.0.0.1', 8080)
  bind('::', 8080)
  bind('a name', 8080)
  assert.deepEqual(
    told.map((path) => path.slice(path.lastIndexOf('/') + 1)),
    ['02001f907f000001', `0a001f90${'0'.repeat(40)}`],
  )
})

test('without a launcher a handle of node’s finds out, and holds nothing', () => {
  const script = `
    const { internalBinding } = require('internal/test/binding')
    const { handleBinder } = require(${JSON.stringify(fileURLToPath(new URL('./ports.ts', import.meta.url)))})
    const bind = handleBinder({ requireBuiltin: require, uv: internalBinding('uv') })
    const server = require('node:net').createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      const used = bind('127.0.0.1', port)
      server.close(() => setImmediate(() => console.log(used, bind('127.0.0.1', port), bind('a name', port))))
    })`
  const args = ['--expose-internals', '--no-warnings', '-e', script]
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  assert.equal(stdout, 'EADDRINUSE undefined EINVAL\n', stderr)
})
