import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Touch, TouchReport } from '../format/touches.ts'
import { recordedTrace } from './recorded-trace.ts'

const PLACES = { root: '/work', projectDir: '/work/app' }
const APP = '/dev/null/app'

const record = (...touches: (Touch | TouchReport)[]) =>
  recordedTrace(
    touches.map((touch) => (touch.kind === 'touch' ? touch : { kind: 'touch', touch })),
    PLACES,
  )

test('names are relative to the project where they are of the program', () => {
  const { modules, files, directories, links } = record(
    { kind: 'module', file: `${APP}/app/src/main.ts` },
    { kind: 'module', file: `${APP}/node_modules/p/index.js`, isMissing: true },
    { kind: 'module', file: '/elsewhere/plugin.mjs' },
    { kind: 'file', file: '/work/app/data.txt' },
    { kind: 'file', file: '/etc/hosts' },
    { kind: 'directory', file: `${APP}/app`, isMissing: true },
    { kind: 'link', file: `${APP}/node_modules/p` },
  )
  assert.deepEqual(
    modules,
    [
      { file: '../node_modules/p/index.js', from: 'missing' },
      { file: 'src/main.ts', from: 'embedded' },
      { file: '/elsewhere/plugin.mjs', from: 'host' },
    ].toSorted((a, b) => (a.file < b.file ? -1 : 1)),
  )
  assert.deepEqual(files, [
    { file: '/etc/hosts', from: 'host' },
    { file: 'data.txt', from: 'host' },
  ])
  assert.deepEqual(directories, [{ file: '.', from: 'missing' }])
  assert.deepEqual(links, [{ file: '../node_modules/p' }])
})

test('what several processes do is said once, with the first place', () => {
  const at = { file: `${APP}/app/main.ts`, line: 3, column: 5 }
  const { variables } = record(
    { kind: 'touch', touch: { kind: 'variable', name: 'B' }, at },
    { kind: 'touch', touch: { kind: 'variable', name: 'B' }, at: { ...at, line: 9 } },
    { kind: 'variable', name: 'A' },
    { kind: 'environment' },
  )
  assert.deepEqual(variables, [{ name: '*' }, { name: 'A' }, { name: 'B', at: 'main.ts:3:5' }])
})

test('a port that the kernel has chosen is no name', () => {
  const { listening, connections } = record(
    { kind: 'connection', address: 'localhost:41234' },
    { kind: 'connection', address: 'db.example:5432' },
    { kind: 'listening', address: '127.0.0.1:0', chosenPort: 41234 },
  )
  assert.deepEqual(listening, [{ address: '127.0.0.1:0' }])
  assert.deepEqual(connections, [{ address: 'db.example:5432' }, { address: 'localhost:0' }])
})

test('what is loaded is no file that is read', () => {
  const { files, libraries } = record(
    { kind: 'module', file: `${APP}/app/a.js` },
    { kind: 'file', file: `${APP}/app/a.js` },
    { kind: 'library', file: `${APP}/app/x.node` },
    { kind: 'file', file: `${APP}/app/x.node` },
    { kind: 'process', file: 'node', arguments: [`${APP}/app/a.js`, '--x'] },
  )
  assert.deepEqual(files, [])
  assert.deepEqual(libraries, [{ file: 'x.node', from: 'embedded' }])
})

test('processes are named as they are started', () => {
  const { processes } = record(
    { kind: 'process', file: 'node', arguments: [`${APP}/app/a.js`, '--x'] },
    { kind: 'process', file: '/usr/bin/git', arguments: [] },
  )
  assert.deepEqual(processes, [
    { file: '/usr/bin/git', arguments: [] },
    { file: 'node', arguments: ['a.js', '--x'] },
  ])
})
