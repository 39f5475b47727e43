import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ResolvedConfig } from '../config/config.ts'
import { hashConfig } from './config-hash.ts'

function config(projectDir: string, changes: Partial<ResolvedConfig> = {}): ResolvedConfig {
  return {
    projectDir,
    entries: [{ name: 'main', file: `${projectDir}/src/main.ts` }],
    out: `${projectDir}/main`,
    target: 'linux-x64',
    runtime: { kind: 'npm', version: '26' },
    define: { A: '1' },
    include: [`${projectDir}/views/**`],
    external: [],
    native: 'allow',
    fuses: 0,
    bundle: undefined,
    minify: false,
    sourcemap: false,
    check: false,
    start: 'auto',
    ...changes,
  }
}

test('it is the same in another directory, and with another output', () => {
  assert.equal(hashConfig(config('/a/b')), hashConfig(config('/c')))
  assert.equal(hashConfig(config('/a', { out: '/elsewhere/out' })), hashConfig(config('/a')))
})

test('where a runtime lies makes no difference, but that it is a file does', () => {
  const [one, other] = ['/x/node', '/y/node'].map((file) => config('/a', { runtime: { kind: 'path', file } }))
  assert.equal(hashConfig(one!), hashConfig(other!))
  assert.notEqual(hashConfig(one!), hashConfig(config('/a')))
})

for (const changes of [
  { define: { A: '2' } },
  { external: ['dep'] },
  { include: ['/a/view/**'] },
  { bundle: true },
  { start: 'cold' },
  { entries: [{ name: 'main', file: '/a/src/other.ts' }] },
] satisfies Partial<ResolvedConfig>[]) {
  test(`${JSON.stringify(changes)} makes another one`, () => {
    assert.notEqual(hashConfig(config('/a', changes)), hashConfig(config('/a')))
  })
}

test('the order of names makes none', () => {
  const [one, other] = [
    { A: '1', B: '2' },
    { B: '2', A: '1' },
  ].map((define) => config('/a', { define }))
  assert.equal(hashConfig(one!), hashConfig(other!))
})
