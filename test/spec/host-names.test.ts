// Host names are looked up by the embedded glibc and by Node's c-ares, with the root's own
// configuration and without any.

import assert from 'node:assert/strict'
import path from 'node:path'
import { before, suite, test } from 'node:test'

import { ingotBuild } from '../support/commands.ts'
import { runInEmptyRoot } from '../support/empty-root.ts'
import { writeFiles, type Files } from '../support/files.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { START } from '../support/thorough.ts'
import { skipWithoutRoot } from './elf/executable.fixture.ts'

/** Nobody else listens there. */
const NAME_SERVER = '127.83.11.7'

const MAIN = `
import dgram from 'node:dgram'
import dns from 'node:dns'
import { lookup, lookupService, Resolver, resolve4, resolve6, resolveTxt, reverse } from 'node:dns/promises'

// A name server that knows one name: an answer repeats the question, with data of its type.
const DATA = { 1: [10, 1, 2, 3], 28: [0xfd, ...Array(14).fill(0), 7], 16: [5, ...Buffer.from('hello')] }
const server = dgram.createSocket('udp4', (query, from) => {
  let end = 12
  const labels = []
  for (; query[end]; end += query[end] + 1) labels.push(query.toString('latin1', end + 1, end + 1 + query[end]))
  const question = query.subarray(12, end + 5)
  const data = labels.join('.').toLowerCase() === 'known.ingot.test' ? DATA[query.readUInt16BE(end + 1)] : undefined
  const answer = data ? [0xc0, 12, ...question.subarray(-4), 0, 0, 0, 60, 0, data.length, ...data] : []
  const known = labels.join('.').toLowerCase() === 'known.ingot.test'
  const header = [query[0], query[1], 0x85, known ? 0x80 : 0x83, 0, 1, 0, data ? 1 : 0, 0, 0, 0, 0]
  server.send(Buffer.from([...header, ...question, ...answer]), from.port, from.address)
})
const [address = '127.0.0.1', port = '0'] = process.argv.slice(2)
await new Promise((resolve, reject) => server.once('error', reject).bind(Number(port), address, resolve))

const said = async (title, promise) =>
  console.log(title, JSON.stringify(await promise.then((value) => value, (error) => error.code)))
const all = { all: true, order: 'ipv4first' }
await said('localhost', lookup('localhost', { family: 4 }))
await said('from hosts', lookup('by-hosts.test', all))
await said('alias from hosts', lookup('alias', { family: 4 }))
await said('name of an address', lookupService('10.9.8.7', 22))
if (port !== '0') {
  await said('from the server', lookup('known.ingot.test', all))
  await said('by the search list', lookup('known', { family: 4 }))
  await said('unknown', lookup('unknown.ingot.test'))
  await said('resolve4', resolve4('known.ingot.test'))
  await said('resolve6', resolve6('known.ingot.test'))
  await said('resolveTxt', resolveTxt('known.ingot.test'))
  await said('resolve an unknown', resolve4('unknown.ingot.test'))
  await said('servers', Promise.resolve(dns.getServers()))
}
await said('reverse from hosts', reverse('10.9.8.7').then((names) => names[0]))
const resolver = new Resolver()
resolver.setServers([address + ':' + server.address().port])
await said('own resolver', resolver.resolve4('known.ingot.test'))
await said('own resolver, unknown', resolver.resolve4('unknown.ingot.test'))
server.close()
`

const ETC: Files = {
  'etc/hosts': '127.0.0.1 localhost\n10.9.8.7 by-hosts.test alias\n',
  'etc/resolv.conf': `nameserver ${NAME_SERVER}\nsearch ingot.test\noptions timeout:2 attempts:1\n`,
}

const LOCALHOST = 'localhost {"address":"127.0.0.1","family":4}'
const HOSTS = [
  'from hosts [{"address":"10.9.8.7","family":4}]',
  'alias from hosts {"address":"10.9.8.7","family":4}',
  'name of an address {"hostname":"by-hosts.test","service":"22"}',
]
const REVERSE = 'reverse from hosts "alias"'
const OWN_RESOLVER = ['own resolver ["10.1.2.3"]', 'own resolver, unknown "ENOTFOUND"']

suite('host names', () => {
  const directory = temporaryDirectory()
  const executable = path.join(directory, 'names')
  before(async () => {
    const project = path.join(directory, 'project')
    writeFiles(project, { 'package.json': { name: 'names', type: 'module' }, 'main.mjs': MAIN })
    await ingotBuild([...START, 'main.mjs', '-o', executable], { cwd: project })
  })
  const look = async (files: Files, args: readonly string[] = [], uid?: null) => {
    const { status, stdout, stderr } = await runInEmptyRoot(executable, {
      files,
      args,
      ...(uid === null && { uid }),
    })
    assert.deepEqual([status, stderr], [0, ''])
    return stdout.trimEnd().split('\n')
  }

  test('without a file of the root: localhost, and a resolver of the program’s own', async () => {
    const lines = await look({})
    // The rest depends on who listens at 127.0.0.1, which is where one asks then.
    assert.deepEqual([lines[0], ...lines.slice(-2)], [LOCALHOST, ...OWN_RESOLVER])
    assert.match(lines[1]!, /"(?:EAI_AGAIN|ENOTFOUND)"/)
  })
  test('with /etc/hosts', async () => {
    assert.deepEqual(await look({ 'etc/hosts': ETC['etc/hosts']! }), [
      LOCALHOST,
      ...HOSTS,
      REVERSE,
      ...OWN_RESOLVER,
    ])
  })
  // Only root may listen where name servers do.
  test('with /etc/hosts and /etc/resolv.conf', { skip: skipWithoutRoot }, async () => {
    assert.deepEqual(await look(ETC, [NAME_SERVER, '53'], null), [
      LOCALHOST,
      ...HOSTS,
      'from the server [{"address":"10.1.2.3","family":4},{"address":"fd00::7","family":6}]',
      'by the search list {"address":"10.1.2.3","family":4}',
      'unknown "ENOTFOUND"',
      'resolve4 ["10.1.2.3"]',
      'resolve6 ["fd00::7"]',
      'resolveTxt [["hello"]]',
      'resolve an unknown "ENOTFOUND"',
      `servers ["${NAME_SERVER}"]`,
      REVERSE,
      ...OWN_RESOLVER,
    ])
  })
})
