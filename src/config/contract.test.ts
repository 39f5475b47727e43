import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { BuildError } from '../base/diagnostics.ts'
import { resolveContract } from './contract.ts'
import { checkUserConfig } from './schema.ts'

const AT = { file: '/app/ingot.config.ts' }
const resolve = (contract: unknown) => resolveContract(checkUserConfig({ contract }, AT).contract!, AT)
const fails = (contract: unknown, code: string, message: RegExp, help?: RegExp) =>
  assert.throws(
    () => resolve(contract),
    (error: BuildError) => {
      assert.equal(error.code, code, error.message)
      assert.match(error.message, message)
      assert.deepEqual(error.at, AT)
      if (help) assert.match(error.help ?? '', help)
      return true
    },
  )

test('short forms, and all defaults', () => {
  assert.deepEqual(
    resolve({
      env: { A: 'port', B: ['x', 'y'], C: { default: 1.5, type: 'number' }, D: {} },
      listen: [80, '$A'],
      services: { db: 'D' },
    }),
    {
      enforce: false,
      env: Object.fromEntries(
        [
          ['A', 'port', undefined, undefined],
          ['B', 'enum', ['x', 'y'], undefined],
          ['C', 'number', undefined, '1.5'],
          ['D', 'string', undefined, undefined],
        ].map(([name, type, values, value]) => [
          name,
          { type, values, default: value, required: false, secret: false, description: undefined },
        ]),
      ),
      files: { read: [], write: [] },
      listen: ['80', '$A'],
      connect: [],
      run: [],
      workers: true,
      native: true,
      services: { db: { env: 'D', description: undefined } },
    },
  )
  const enforced = resolve({ enforce: true, native: true })
  assert.deepEqual([enforced.workers, enforced.native], [false, true])
})

test('what cannot be meant is an error with a remedy', () => {
  fails({ env: { P: { type: 'port', default: 70_000 } } }, 'CONTRACT_DEFAULT', /70000 of env\.P is no port/)
  fails(
    { env: { P: { type: 'url', secret: true, default: 'x' } } },
    'CONTRACT_DEFAULT',
    /^the default of env\.P/,
  )
  fails({ env: { P: { required: true, default: 'x' } } }, 'CONTRACT_REQUIRED_DEFAULT', /required and has/)
  fails({ env: { PORT: 'port' }, listen: ['$PROT'] }, 'CONTRACT_VARIABLE', /listen names \$PROT/, /\$PORT\?/)
  fails({ files: { write: ['$DATA/x'] } }, 'CONTRACT_VARIABLE', /files\.write names \$DATA/, /declare it/)
  fails({ services: { db: 'URL' } }, 'CONTRACT_VARIABLE', /services\.db names \$URL/)
  fails({ env: { 'A-B': 'port' } }, 'CONTRACT_INVALID', /no name of a variable/)
  fails({ env: { A: { type: 'enum' } } }, 'CONTRACT_INVALID', /has no values/)
  fails({ env: { A: { type: 'port', values: ['x'] } } }, 'CONTRACT_INVALID', /is no enum/)
  fails({ connect: ['http://x'] }, 'CONTRACT_INVALID', /"http:\/\/x" in connect is no address/)
  fails({ connect: ['80'] }, 'CONTRACT_INVALID', /no address/)
  fails({ listen: ['example.com'] }, 'CONTRACT_INVALID', /no address/)
  fails({ run: ['./x/y'] }, 'CONTRACT_INVALID', /no program/)
  fails({ files: { read: ['~/x'] } }, 'CONTRACT_INVALID', /no path/)
  fails(
    { env: { H: { default: 'not an address' } }, connect: ['$H'] },
    'CONTRACT_INVALID',
    /\$H is no address/,
  )
})

test('what is not of its type, or unknown, is named with its path', () => {
  fails({ env: { A: 'prot' } }, 'CONFIG_INVALID', /"contract\.env\.A" must be one of string/)
  fails({ listen: [-1] }, 'CONFIG_INVALID', /"contract\.listen\.0" must be a port/)
  fails({ evn: {} }, 'CONFIG_UNKNOWN_KEY', /contract\.evn/, /"env"/)
  fails({ env: { A: { defualt: 1 } } }, 'CONFIG_UNKNOWN_KEY', /contract\.env\.A\.defualt/, /"default"/)
})
