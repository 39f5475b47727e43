import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import type { UserContract } from '../config/config.ts'
import { subjectWith } from './contract.fixture.ts'
import { planDeployment, type Given } from './plan.ts'
import { systemd } from './systemd.ts'

const plan = (contract: UserContract, given: Given = {}) =>
  planDeployment(subjectWith(contract), given, systemd)

suite('plan of a deployment', () => {
  for (const [what, contract, given, error] of [
    [
      'a required variable without a value',
      { env: { A: { required: true, type: 'port' } } },
      {},
      { code: 'DEPLOY_VALUE', help: 'pass --env A=8080' },
    ],
    [
      'a value of another type',
      { env: { A: 'port' } },
      { env: { A: 'x' } },
      { code: 'DEPLOY_VALUE', message: '"x", for A, is no port (0 to 65535)' },
    ],
    ['control characters', {}, { env: { A: '\u001B' } }, { code: 'DEPLOY_VALUE' }],
    [
      'control characters in an argument',
      {},
      { args: ['\u0000'] },
      { code: 'DEPLOY_VALUE', message: 'an argument has control characters' },
    ],
    [
      'a secret on the command line',
      { env: { A: { secret: true } } },
      { env: { A: 'x' } },
      { code: 'DEPLOY_SECRET' },
    ],
    [
      'a name that is nearly right',
      { env: { PORT: 'port' } },
      { env: { PROT: '1' } },
      { code: 'DEPLOY_VARIABLE', help: 'did you mean PORT?' },
    ],
    ['a name that is none', {}, { env: { 'A B': '1' } }, { code: 'DEPLOY_VARIABLE' }],
    ['a relative path', {}, { path: 'bin/x' }, { code: 'DEPLOY_PATH' }],
    ['a name that no service may have', {}, { name: 'A_b' }, { code: 'DEPLOY_NAME' }],
  ] as const) {
    test(`${what} is refused`, () => assert.throws(() => plan(contract, given), error))
  }

  test('its name is the package without scope', () => assert.equal(plan({}).deployment.name, 'shop'))

  test('variables of node and libraries may be given', () => {
    const { variables } = plan(
      { env: { PORT: 'port' } },
      { env: { NODE_ENV: 'production', PORT: '81' } },
    ).deployment
    assert.deepEqual(
      variables.map(({ name, value }) => [name, value]),
      [
        ['PORT', '81'],
        ['NODE_ENV', 'production'],
      ],
    )
  })

  test('nothing of a secret is shown, not even where it leads', () => {
    const { deployment } = plan({
      env: { DB: { type: 'url', secret: true, default: 'postgres://u:p@db.internal/x' } },
      connect: ['$DB'],
    })
    assert.equal(JSON.stringify(deployment).includes('internal'), false)
    assert.equal(deployment.hasUnknownConnects, true)
  })

  test('a port that the kernel chooses is said', () => {
    const { deployment, diagnostics } = plan({
      env: { PORT: { type: 'port', default: 0 } },
      listen: ['$PORT'],
    })
    assert.deepEqual(deployment.ports, [])
    assert.deepEqual(
      diagnostics.map(({ code, help }) => [code, help]),
      [['DEPLOY_PORT', 'pass --env PORT=8080']],
    )
  })

  test('ports have names, each once', () => {
    const { ports } = plan({
      env: { HTTP_PORT: { type: 'port', default: 80 }, A_VERY_LONG_NAME_PORT: { type: 'port', default: 81 } },
      listen: ['$HTTP_PORT', '127.0.0.1:80', '$A_VERY_LONG_NAME_PORT', '127.0.0.1:82'],
    }).deployment
    assert.deepEqual(
      ports.map(({ name, port, host, isFixed }) => [name, port, host, isFixed]),
      [
        ['http-port', 80, undefined, false],
        ['a-very-long-nam', 81, undefined, false],
        ['port-82', 82, '127.0.0.1', true],
      ],
    )
  })

  test('without a contract it has a directory of its own, and any network', () => {
    const subject = { ...subjectWith(), contract: undefined }
    const { deployment, diagnostics } = planDeployment(subject, {}, systemd)
    assert.deepEqual([deployment.writes, deployment.hasUnknownPorts], [['/var/lib/shop'], true])
    assert.deepEqual(
      diagnostics.map(({ code }) => code),
      ['DEPLOY_NO_CONTRACT'],
    )
  })
})
