import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'

import { HOST, TARGETS } from '../base/targets.ts'
import { temporaryProject } from './project.fixture.ts'
import { resolveConfig } from './resolve-config.ts'
import { parseTargets } from './targets.ts'

const parse = (value: string | string[]) => parseTargets({ value, layer: { values: {}, baseDir: '/' } })

test('one, several, all; each once, in the order they are named', () => {
  assert.deepEqual(parseTargets(undefined), [HOST])
  assert.deepEqual(parse('darwin-x64'), ['darwin-x64'])
  assert.deepEqual(parse(['win32-x64,linux-x64', 'linux-x64']), ['win32-x64', 'linux-x64'])
  assert.deepEqual(parse(['linux-arm64', 'all']).toSorted(), [...TARGETS].toSorted())
})

test('an unknown one, with the nearest that is known', () => {
  assert.throws(() => parse('linux-amd64'), {
    code: 'CONFIG_TARGET',
    message: 'unknown target "linux-amd64"',
    help: /^Did you mean linux-arm64\?|^The targets are linux-x64,/,
  })
})

test('what it is for decides what an executable is called', async (t) => {
  const cwd = temporaryProject(t, { 'package.json': { name: 'app' }, 'main.ts': '', 'dist/x': '' })
  const outOf = async (flags: object) => (await resolveConfig(flags, { cwd })).config.out
  assert.equal(await outOf({ target: 'darwin-x64' }), join(cwd, 'app'))
  assert.equal(await outOf({ target: 'win32-x64' }), join(cwd, 'app.exe'))
  assert.equal(await outOf({ target: 'win32-x64', out: 'tool.exe' }), join(cwd, 'tool.exe'))
  assert.equal(await outOf({ target: 'linux-x64', out: 'tool.exe' }), join(cwd, 'tool.exe'))
  const several = { isOneOfSeveral: true, out: 'dist' }
  assert.equal(await outOf({ target: 'linux-arm64', ...several }), join(cwd, 'dist/app-linux-arm64'))
  assert.equal(await outOf({ target: 'win32-arm64', ...several }), join(cwd, 'dist/app-win32-arm64.exe'))
})

test('a runtime for each of several targets', async (t) => {
  const cwd = temporaryProject(t, { 'package.json': { name: 'app' }, 'main.ts': '', 'node.exe': '' })
  const runtime = { 'win32-arm64': 'node.exe', 'linux-x64': 'node@26.10.0' }
  const runtimeFor = async (target: string) =>
    (await resolveConfig({ target, runtime }, { cwd })).config.runtime
  assert.deepEqual(await runtimeFor('win32-arm64'), { kind: 'path', file: join(cwd, 'node.exe') })
  assert.deepEqual(await runtimeFor('linux-x64'), { kind: 'npm', version: '26.10.0' })
  assert.deepEqual(await runtimeFor('darwin-x64'), { kind: 'npm', version: '26' })
})
