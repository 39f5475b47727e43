import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { formatTrace, TRACE_NAME, TRACE_VERSION, type TraceFile } from '../base/trace-file.ts'
import { temporaryProject } from './project.fixture.ts'
import { resolveConfig } from './resolve-config.ts'

const TRACE: TraceFile = {
  version: TRACE_VERSION,
  modules: [
    { file: 'plugins/a.mjs', from: 'missing', at: 'src/main.ts:3:7' },
    { file: 'src/main.ts', from: 'embedded' },
    { file: '/elsewhere/m.mjs', from: 'host' },
  ],
  files: [
    { file: '../shared/x.txt', from: 'embedded' },
    { file: 'secret.txt', from: 'host' },
  ],
  directories: [{ file: '.', from: 'missing' }],
  links: [{ file: 'node_modules/p' }],
  written: [{ directory: '/tmp' }],
  libraries: [{ file: 'addon.node', from: 'missing' }],
  variables: [{ name: '*' }],
  listening: [{ address: '[::]:0' }],
  connections: [{ address: 'localhost:1', at: 'src/main.ts:1:1' }],
  processes: [{ file: 'git', arguments: ['status', ''] }],
}

test('a build goes by what the program has used of itself', async (t) => {
  const dir = temporaryProject(t, { 'package.json': {}, 'src/main.ts': '', [TRACE_NAME]: formatTrace(TRACE) })
  const flags = { entry: 'src/main.ts' }
  const { config, inputs } = await resolveConfig(flags, { cwd: dir })
  assert.deepEqual(config.trace, {
    modules: [
      { file: join(dir, 'plugins/a.mjs'), importer: join(dir, 'src/main.ts') },
      { file: join(dir, 'src/main.ts'), importer: undefined },
    ],
    files: [join(dir, '../shared/x.txt'), join(dir, 'addon.node')],
    links: [join(dir, 'node_modules/p')],
  })
  assert.ok(inputs.files.includes(join(dir, TRACE_NAME)))
  assert.equal((await resolveConfig({ ...flags, trace: false }, { cwd: dir })).config.trace, undefined)
})

test('it may lie elsewhere, and then has to be there', async (t) => {
  const dir = temporaryProject(t, {
    'package.json': { ingot: { trace: 'ci/seen.json' } },
    'main.ts': '',
    'ci/seen.json': formatTrace(TRACE),
  })
  const resolve = (flags: object) => resolveConfig({ entry: 'main.ts', ...flags }, { cwd: dir })
  const { config, inputs } = await resolve({})
  assert.equal(config.trace!.modules[0]!.file, join(dir, 'plugins/a.mjs'))
  assert.ok(inputs.files.includes(join(dir, 'ci/seen.json')))
  await assert.rejects(resolve({ trace: 'no.json' }), {
    code: 'TRACE_INVALID',
    at: { file: join(dir, 'no.json') },
  })
})

test('without a trace, one that comes is seen', async (t) => {
  const dir = temporaryProject(t, { 'package.json': {}, 'main.ts': '' })
  const { config, inputs } = await resolveConfig({ entry: 'main.ts' }, { cwd: dir })
  assert.ok(!('trace' in config))
  assert.ok(inputs.files.includes(join(dir, TRACE_NAME)))
})

for (const [text, message, line] of [
  ['', 'Unexpected end of JSON input', 1],
  ['{\n"version": 1,\n<<<<<<< HEAD\n', /^Expected double-quoted property name/, 3],
  [JSON.stringify({ ...TRACE, links: undefined }), '"links" is missing'],
  [JSON.stringify({ ...TRACE, links: [1] }), '"links.0" must be an object'],
  [JSON.stringify({ ...TRACE, links: [{ file: 'a', form: 'b' }] }), '"links.0.form" is not known'],
  ['null', 'the trace must be an object'],
  ['[]', 'the trace must be an object'],
  [JSON.stringify({ ...TRACE, version: 2 }), '"version" must be 1'],
  [JSON.stringify({ ...TRACE, modules: {} }), '"modules" must be an array'],
  [JSON.stringify({ ...TRACE, modules: [{ file: 1, from: 'host' }] }), '"modules.0.file" must be a string'],
  [
    JSON.stringify({ ...TRACE, files: [{ file: 'a', from: 'mars' }] }),
    '"files.0.from" must be "embedded", "missing" or "host"',
  ],
  [JSON.stringify({ ...TRACE, more: [] }), '"more" is not known'],
] as const) {
  test(`a damaged trace is refused: ${JSON.stringify(text).slice(0, 40)}`, async (t) => {
    const dir = temporaryProject(t, { 'package.json': {}, 'main.ts': '' })
    const file = join(dir, TRACE_NAME)
    writeFileSync(file, text)
    await assert.rejects(resolveConfig({ entry: 'main.ts' }, { cwd: dir }), (error: any) => {
      assert.equal(error.code, 'TRACE_INVALID')
      if (typeof message === 'string') assert.equal(error.message, message)
      else assert.match(error.message, message)
      assert.equal(error.at.file, file)
      assert.equal(error.at.line, line)
      assert.match(error.help, /"trace": false/)
      return true
    })
  })
}
