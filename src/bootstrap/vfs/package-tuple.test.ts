import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

import { temporaryDirectory } from '../../../test/support/temporary.ts'
import { parsePackage } from './package-tuple.ts'

const NATIVE = `
  const { internalBinding } = require('internal/test/binding')
  const { readPackageJSON } = internalBinding('modules')
  const answers = process.argv.slice(1).map((file) => {
    try {
      return readPackageJSON(file).map((field) => field ?? null)
    } catch (error) {
      return error.code
    }
  })
  console.log(JSON.stringify(answers))`

const FIELDS = ['name', 'main', 'type', 'imports', 'exports']
const VALUES = [
  '"x"',
  '""',
  '"\\u0041"',
  '"\\ud800"',
  '"module"',
  '"commonjs"',
  '"{"',
  'null',
  'true',
  '5',
  '{}',
  '[]',
  '{"2":"b","1":["a",{"default":null}]}',
  '{"__proto__":"./a"}',
]
const DOCUMENTS = [
  '',
  '{',
  '[]',
  '"x"',
  'null',
  '{}',
  ' {} ',
  '\uFEFF{"type":"module"}',
  '\uFEFF\uFEFF{}',
  '{"name":"a",}',
  '{"name":"a","name":"b"}',
  '{"a":{"name":"x"}}',
  '{"scripts":5}',
  '{"__proto__":{"type":"module"}}',
  '{"name":"a\tb"}',
  '{"name":"ä"}',
]

test('a package.json is read as by the native parser', () => {
  const texts = [...DOCUMENTS, ...FIELDS.flatMap((field) => VALUES.map((value) => `{"${field}":${value}}`))]
  const directory = temporaryDirectory()
  const files = texts.map((text, i) => {
    const file = path.join(directory, String(i), 'package.json')
    mkdirSync(path.dirname(file))
    writeFileSync(file, text)
    return file
  })
  const native = JSON.parse(
    execFileSync(process.execPath, ['--expose-internals', '--no-warnings', '-e', NATIVE, ...files], {
      encoding: 'utf8',
    }),
  )
  for (const [i, text] of texts.entries()) {
    const parsed = parsePackage(Buffer.from(text), files[i]!)
    assert.deepEqual(
      parsed?.map(asRead) ?? 'ERR_INVALID_PACKAGE_CONFIG',
      Array.isArray(native[i]) ? native[i].map(asRead) : native[i],
      text,
    )
  }
})

/** JSON in a field is told apart by what it says: nobody asks how it is written. */
function asRead(field: string | null | undefined): unknown {
  return field && /^[[{]./.test(field) ? JSON.parse(field) : (field ?? null)
}
