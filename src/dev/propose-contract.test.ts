import assert from 'node:assert/strict'
import { test } from 'node:test'

import { NOTHING } from '../base/trace-file.fixture.ts'
import { resolveContract } from '../config/contract.ts'
import { beyondContract } from './propose-contract.ts'

test('what a run did below a variable is in the contract, also where its value is a file URL', () => {
  const contract = resolveContract(
    { env: { DATA: 'url', CACHE: 'string' }, files: { read: ['$DATA/in'], write: ['$CACHE'] } },
    { file: 'ingot.config.ts' },
  )
  const trace = {
    ...NOTHING,
    files: [
      { file: '/srv/a b/in/x.json', from: 'host' },
      { file: '/srv/a b/y.json', from: 'host' },
    ],
    written: [{ directory: '/work/cache/x' }],
  } as const
  const place = { projectDir: '/project', cwd: '/work', env: { DATA: 'file:///srv/a%20b', CACHE: 'cache' } }
  assert.deepEqual(
    beyondContract(trace, contract, place).map(({ message }) => message),
    ['the program reads /srv/a b/y.json, which its contract does not have'],
  )
})
