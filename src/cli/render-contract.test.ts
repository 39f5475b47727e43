import assert from 'node:assert/strict'
import { test } from 'node:test'

import { resolveContract } from '../config/contract.ts'
import { renderContract } from './render-contract.ts'

test('a contract as text, without secrets', () => {
  const contract = resolveContract(
    {
      env: {
        PORT: { type: 'port', default: 8080, description: 'where it listens' },
        URL: { type: 'url', required: true, secret: true },
        KEY: { default: 'hidden', secret: true },
        LOG: ['debug', 'info'],
      },
      files: { read: ['/etc/app'], write: ['/var/a', '/var/b'] },
      listen: ['$PORT'],
      services: { database: { env: 'URL', description: 'PostgreSQL 16' } },
      enforce: true,
      workers: true,
    },
    { file: 'ingot.config.ts' },
  )
  assert.equal(
    renderContract(contract),
    `contract, enforced: everything else is refused
  variables   PORT  port, default 8080: where it listens
              URL  url, required, secret
              KEY  string, secret, has a default
              LOG  debug | info
  reads       /etc/app
  writes      /var/a
              /var/b
  listens     $PORT
  services    database  $URL: PostgreSQL 16
  allows      workers
`,
  )
})
