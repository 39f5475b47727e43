import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { BuildInfo } from '../../format/build-info.ts'
import type { Contract, VariableRule } from '../../format/contract.ts'
import { annotationsOf, imageConfig, programName } from './image-config.ts'

const RULE: VariableRule = {
  type: 'string',
  values: undefined,
  default: undefined,
  required: false,
  secret: false,
  description: undefined,
}
const CONTRACT: Contract = {
  enforce: false,
  env: {
    PORT: { ...RULE, type: 'port', default: '3000' },
    ADMIN: { ...RULE, type: 'port', required: true },
    BASE: { ...RULE, type: 'url', default: 'http://localhost:4000/x' },
    KEY: { ...RULE, secret: true, default: 'x' },
  },
  files: { read: [], write: [] },
  listen: ['$PORT', '$ADMIN', '$BASE', '0.0.0.0:80', '80', '0', 'unix:/run/x'],
  connect: [],
  run: [],
  workers: true,
  native: true,
  services: {},
}
const INFO = {
  ingot: '1.0.0',
  program: { name: '@a/b c', version: '1.2.3', license: 'MIT', repository: undefined, dependencies: [] },
  entries: [{ name: 'main', path: 'main.ts' }],
  runtime: { version: '26.10.0' },
  moduleGraph: 'abc',
  contract: CONTRACT,
} as unknown as BuildInfo
const SUBJECT = {
  info: INFO,
  platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
  start: 'cold',
  seal: 'root',
  created: '1970-01-01T00:00:00Z',
} as const

test('ports are those that the contract names, or the defaults of its variables', () => {
  const { config } = imageConfig(SUBJECT, []) as { config: Record<string, unknown> }
  assert.deepEqual(config['ExposedPorts'], { '80/tcp': {}, '3000/tcp': {}, '4000/tcp': {} })
})

test('variables are defaults that are no secrets, and none of a frozen program', () => {
  const of = (start: 'cold' | 'frozen') =>
    (imageConfig({ ...SUBJECT, start }, []) as { config: { Env?: string[] } }).config.Env
  assert.deepEqual(of('cold'), ['PORT=3000', 'BASE=http://localhost:4000/x'])
  assert.equal(of('frozen'), undefined)
})

test('names of programs', () => {
  assert.equal(programName(INFO), 'b-c')
  assert.equal(programName({ ...INFO, program: { ...INFO.program, name: undefined } }), 'main')
  assert.equal(programName({ ...INFO, program: { ...INFO.program, name: '@a/' } }), 'program')
})

test('a revision with changes says so', () => {
  const revisionOf = (dirty: boolean) =>
    annotationsOf({ ...SUBJECT, info: { ...INFO, vcs: { commit: 'c0ffee', dirty } } })[
      'org.opencontainers.image.revision'
    ]
  assert.equal(revisionOf(false), 'c0ffee')
  assert.equal(revisionOf(true), 'c0ffee-dirty')
})

test('without a contract there is nothing but the program', () => {
  const { config, architecture, variant } = imageConfig(
    { ...SUBJECT, info: { ...INFO, contract: undefined } },
    [],
  ) as any
  assert.deepEqual([architecture, variant], ['arm64', 'v8'])
  assert.deepEqual(Object.keys(config), ['User', 'Entrypoint', 'WorkingDir', 'Labels', 'StopSignal'])
})
