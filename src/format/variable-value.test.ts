import assert from 'node:assert/strict'
import { test } from 'node:test'

import { addressIn, parseAddress } from './contract-address.ts'
import type { VariableRule, VariableType } from './contract.ts'
import { parseVariable } from './variable-value.ts'

const rule = (type: VariableType, values?: string[]): VariableRule => ({
  type,
  values,
  default: undefined,
  required: false,
  secret: false,
  description: undefined,
})

test('values by their type', () => {
  const table: [type: VariableType, text: string, value: unknown][] = [
    ['string', ' as it is ', ' as it is '],
    ['number', ' -1.5e3', -1500],
    ['number', '0x10', undefined],
    ['number', 'Infinity', undefined],
    ['integer', '9007199254740993', undefined],
    ['integer', '-7', -7],
    ['integer', '1.0', undefined],
    ['boolean', 'ON', true],
    ['boolean', '0', false],
    ['boolean', 'maybe', undefined],
    ['boolean', 'constructor', undefined],
    ['port', '65535', 65_535],
    ['port', '65536', undefined],
    ['port', '80a', undefined],
    ['duration', '1.5 h', 5_400_000],
    ['duration', '250ms', 250],
    ['duration', '250', undefined],
    ['duration', '3constructor', undefined],
    ['bytes', '10MiB', 10 * 2 ** 20],
    ['bytes', '10', 10],
    ['bytes', '0.5', undefined],
    ['json', '{"a":[1]}', { a: [1] }],
    ['json', '{', undefined],
    ['url', 'no url', undefined],
  ]
  for (const [type, text, value] of table)
    assert.deepEqual(parseVariable(rule(type), text), value, `${type} ${text}`)
  assert.equal((parseVariable(rule('url'), 'postgres://h/db') as URL).hostname, 'h')
  assert.equal(parseVariable(rule('enum', ['a']), 'b'), undefined)
})

test('addresses', () => {
  assert.deepEqual(parseAddress('80'), { kind: 'port', host: undefined, port: 80 })
  assert.deepEqual(parseAddress('[::1]:80'), { kind: 'port', host: '::1', port: 80 })
  assert.deepEqual(parseAddress('Api.Example:443'), { kind: 'port', host: 'api.example', port: 443 })
  assert.deepEqual(parseAddress('host'), { kind: 'host', host: 'host' })
  assert.deepEqual(parseAddress('unix:/run/x'), { kind: 'unix', path: '/run/x' })
  for (const wrong of ['', 'a b', 'a:b', 'a:99999', '99999', 'http://a', 'unix:x', '$A'])
    assert.equal(parseAddress(wrong), undefined, wrong)
  assert.deepEqual(addressIn(rule('url'), 'postgres://u:p@[::1]/x'), {
    kind: 'port',
    host: '::1',
    port: 5432,
  })
  assert.deepEqual(addressIn(rule('url'), 'made-up://host/x'), { kind: 'host', host: 'host' })
  assert.equal(addressIn(rule('url'), 'file:///x'), undefined)
  assert.deepEqual(addressIn(rule('port'), '0'), { kind: 'port', host: undefined, port: 0 })
})
