import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Diagnostic } from '../base/diagnostics.ts'
import { findConfigFile, loadConfigFile } from './config-file.ts'
import { temporaryProject } from './project.fixture.ts'

const TYPED = { 'package.json': { type: 'module' } }

for (const name of ['ingot.config.ts', 'ingot.config.mts', 'ingot.config.js', 'ingot.config.mjs']) {
  test(`${name} is found and loaded`, async (t) => {
    const dir = temporaryProject(t, { ...TYPED, [name]: 'export default { out: "x" }' })
    assert.equal(findConfigFile(dir, []), join(dir, name))
    assert.deepEqual((await loadConfigFile(join(dir, name))).value, { out: 'x' })
  })
}

test('types are stripped, and an edited file is read again', async (t) => {
  const dir = temporaryProject(t, {
    ...TYPED,
    'ingot.config.ts': 'const n: number = 1\nexport default { n } as object',
  })
  const file = join(dir, 'ingot.config.ts')
  assert.deepEqual((await loadConfigFile(file)).value, { n: 1 })
  writeFileSync(file, 'export default { n: 2 }')
  utimesSync(file, 1, 1)
  assert.deepEqual((await loadConfigFile(file)).value, { n: 2 })
})

test('what it imports is read again, too, and is an input each time', async (t) => {
  const dir = temporaryProject(t, {
    ...TYPED,
    'ingot.config.ts': 'export { default } from "./shared.ts"',
    'shared.ts': 'export default { n: 1 }',
  })
  const file = join(dir, 'ingot.config.ts')
  for (const n of [1, 2, 2]) {
    writeFileSync(join(dir, 'shared.ts'), `export default { n: ${n} }`)
    const { value, inputs } = await loadConfigFile(file)
    assert.deepEqual(value, { n })
    assert(inputs.files.includes(join(dir, 'shared.ts')))
  }
})

test('a package without "type" gets no warning from Node', (t) => {
  const dir = temporaryProject(t, { 'package.json': {}, 'ingot.config.ts': 'export default { out: "x" }' })
  const script = `
    const { loadConfigFile } = await import(${JSON.stringify(import.meta.resolve('./config-file.ts'))})
    console.log((await loadConfigFile(${JSON.stringify(join(dir, 'ingot.config.ts'))})).value)`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  })
  assert.deepEqual([stdout, stderr], ["{ out: 'x' }\n", ''])
})

test('a second configuration file is a warning', (t) => {
  const dir = temporaryProject(t, { 'ingot.config.ts': '', 'ingot.config.js': '', 'ingot.config.mjs': '' })
  const diagnostics: Diagnostic[] = []
  assert.equal(findConfigFile(dir, diagnostics), join(dir, 'ingot.config.ts'))
  assert.deepEqual(
    diagnostics.map(({ severity, code, message }) => [severity, code, message]),
    [['warning', 'CONFIG_SEVERAL_FILES', 'ingot.config.js, ingot.config.mjs beside it is not read']],
  )
})

for (const [title, name, text, line, column, message, help] of [
  ['types', 'ingot.config.ts', 'export default {\n  a: = 2\n}', 2, 6, /Expression expected/],
  [
    'strip-only',
    'ingot.config.ts',
    'export default {}\nenum A { B }',
    2,
    1,
    /enum is not supported/,
    /only strips types/,
  ],
  ['JavaScript', 'ingot.config.mjs', 'export default {\n  a: = 2\n}', 2, 6, /Unexpected token '='/],
  ['throws', 'ingot.config.ts', 'export default {}\n\nthrow new Error("boom\\nbang")', 3, 7, /^boom$/],
  ['throws a number', 'ingot.config.ts', 'throw 5', undefined, undefined, /^it threw 5$/],
  [
    'package',
    'ingot.config.ts',
    '// hi\nimport { x } from "absent-pkg"\nexport default x',
    2,
    19,
    /Cannot find package 'absent-pkg'/,
  ],
  [
    'ingot',
    'ingot.config.ts',
    'import { defineConfig } from "ingot"',
    1,
    30,
    /'ingot'/,
    /npm install --save-dev ingot/,
  ],
  [
    'file',
    'ingot.config.ts',
    'import { x } from "./absent.ts"\nexport default x',
    1,
    19,
    /Cannot find module/,
  ],
  [
    'export',
    'ingot.config.ts',
    'import { zz } from "node:fs"\nexport default zz',
    1,
    10,
    /named 'zz'|export.*zz/,
  ],
  [
    'no default',
    'ingot.config.ts',
    'export const a = 1',
    undefined,
    undefined,
    /no default export/,
    /defineConfig/,
  ],
] as const) {
  test(`an error in the configuration names its place: ${title}`, async (t) => {
    const file = join(temporaryProject(t, { ...TYPED, [name]: text }), name)
    await assert.rejects(
      loadConfigFile(file),
      (error: Error & { at?: object; code?: string; help?: string }) => {
        assert.equal(error.code, 'CONFIG_LOAD')
        assert.match(error.message, message)
        assert.deepEqual(error.at, line === undefined ? { file } : { file, line, column })
        if (help === undefined) assert.equal(error.help, undefined)
        else assert.match(error.help ?? '', help)
        return true
      },
    )
  })
}

test('an error in a helper of the configuration names the helper', async (t) => {
  const dir = temporaryProject(t, {
    ...TYPED,
    'ingot.config.ts': 'import { f } from "./helper.ts"\nexport default f()',
    'helper.ts': '\nexport const f = (): never => { throw new TypeError("no") }',
  })
  await assert.rejects(loadConfigFile(join(dir, 'ingot.config.ts')), {
    code: 'CONFIG_LOAD',
    message: 'no',
    at: { file: join(dir, 'helper.ts'), line: 2, column: 39 },
  })
})
