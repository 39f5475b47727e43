import assert from 'node:assert/strict'
import { test } from 'node:test'

import { addressBytes, portProblem } from './ports.ts'

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

test('a port without a host is one of both families, and either may be in use', () => {
  const six = `0a001f90${'0'.repeat(40)}`
  const four = '02001f9000000000'
  for (const [used, asked] of [
    [six, [six]],
    [four, [six, four]],
  ] as const) {
    const tried: string[] = []
    const bind = (address: string) => (tried.push(address), address === used ? 'EADDRINUSE' : undefined)
    const problem = portProblem(bind, { kind: 'port', host: undefined, port: 8080 }, 'PORT')
    assert.equal(problem?.what, 'port 8080 is in use')
    assert.deepEqual(tried, asked)
  }
})
