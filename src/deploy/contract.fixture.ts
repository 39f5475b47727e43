// For tests only: a program that needs something of everything.

import { resolveContract } from '../config/contract.ts'
import type { UserContract } from '../config/config.ts'
import { DEFAULT_FUSES, readFuses } from '../format/fuses.ts'
import type { Subject } from './plan.ts'

const EVERYTHING: UserContract = {
  env: {
    HTTP_PORT: { type: 'port', default: 8080, description: 'where it listens' },
    METRICS: { type: 'url', default: 'http://127.0.0.1:9100' },
    LOG: ['debug', 'info'],
    GREETING: { default: '50% "off", $HOME \\ ${x} %{y} <&> $(z)\nsecond line' },
    DATABASE_URL: { type: 'url', required: true, secret: true },
    API_TOKEN: { secret: true, description: 'of the upstream' },
    TLS_KEY: { required: true, secret: true, description: 'private key' },
    REGION: { required: true },
  },
  files: {
    read: ['/etc/shop', '/etc/motd.txt', '$TLS_KEY', '/etc/hosts'],
    write: ['/var/lib/shop/orders.db', '/var/cache/shop', '/srv/exports', 'uploads', '/tmp'],
  },
  listen: ['$HTTP_PORT', '$METRICS', 9200, 'unix:/run/shop/control.sock'],
  connect: ['$DATABASE_URL', 'api.example.com:443', 'unix:/run/postgresql/.s.PGSQL.5432'],
  services: { postgres: { env: 'DATABASE_URL', description: 'orders and customers' } },
}

export function subjectWith(contract: UserContract | undefined = EVERYTHING, name = '@acme/Shop'): Subject {
  return {
    file: '/work/out/shop',
    contract: resolveContract(contract, { file: 'ingot.config.ts' }),
    info: {
      program: { name, version: '1.2.3+build', license: undefined, repository: undefined, dependencies: [] },
      external: [],
    },
    fuses: readFuses(DEFAULT_FUSES),
  }
}
