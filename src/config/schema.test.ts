import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkUserConfig } from './schema.ts'

const at = { file: '/p/ingot.config.ts' }

test('every key is accepted, undefined means absent', () => {
  const config = {
    entry: { a: 'a.ts' },
    out: 'o',
    define: { D: '1' },
    include: ['x/**'],
    external: ['fsevents'],
    minify: true,
    sourcemap: false,
    check: true,
    runtime: 'node@26',
    trace: 'seen.json',
  }
  assert.deepEqual(checkUserConfig(config, at), config)
  assert.deepEqual(checkUserConfig({ out: undefined, minify: true }, at), { minify: true })
  assert.deepEqual(checkUserConfig({ entry: 'main.ts' }, at), { entry: 'main.ts' })
})

for (const [input, code, message, help, prefix] of [
  [{ inlcude: [] }, 'CONFIG_UNKNOWN_KEY', 'unknown key "inlcude"', 'Did you mean "include"?'],
  [{ out: 1, mimify: true }, 'CONFIG_UNKNOWN_KEY', 'unknown key "mimify"', 'Did you mean "minify"?'],
  [{ source: 1 }, 'CONFIG_UNKNOWN_KEY', 'unknown key "ingot.source"', 'Did you mean "sourcemap"?', 'ingot'],
  [
    { platform: 1 },
    'CONFIG_UNKNOWN_KEY',
    'unknown key "platform"',
    'Use one of entry, out, define, include, external, native, codeFromDisk, fuses, compress, bundle, minify, sourcemap, check, runtime, icu, target, start, trace, contract, windows, darwin.',
  ],
  [
    { fuses: { inspektor: true } },
    'CONFIG_UNKNOWN_KEY',
    'unknown key "fuses.inspektor"',
    'Did you mean "inspector"?',
  ],
  [{ fuses: { inspector: 1 } }, 'CONFIG_INVALID', '"fuses.inspector" must be true or false'],
  [{ fuses: 'all' }, 'CONFIG_INVALID', '"fuses" must be an object of names and booleans'],
  [{ out: 5 }, 'CONFIG_INVALID', '"out" must be a string'],
  [{ trace: true }, 'CONFIG_INVALID', '"trace" must be a path, or false'],
  [{ out: '' }, 'CONFIG_INVALID', '"out" must not be empty'],
  [{ out: null }, 'CONFIG_INVALID', '"out" must be a string'],
  [{ minify: 'yes' }, 'CONFIG_INVALID', '"minify" must be true or false'],
  [{ native: 'no' }, 'CONFIG_INVALID', '"native" must be "allow", "deny" or a list of packages'],
  [{ include: 'a' }, 'CONFIG_INVALID', '"include" must be an array of strings'],
  [{ include: ['a', 1] }, 'CONFIG_INVALID', '"include.1" must be a string'],
  [{ define: [] }, 'CONFIG_INVALID', '"define" must be an object'],
  [
    { define: { D: false } },
    'CONFIG_INVALID',
    '"define.D" must be a string that holds a JavaScript expression',
  ],
  [{ entry: ['a.ts'] }, 'CONFIG_INVALID', '"entry" must be a path, or an object of names and paths'],
  [{ entry: {} }, 'CONFIG_INVALID', '"entry" must name at least one entry'],
  [{ entry: { 'a/b': 'x.ts' } }, 'CONFIG_INVALID', '"entry" has a name with "/" or "="'],
  [{ entry: { a: 1 } }, 'CONFIG_INVALID', '"ingot.entry.a" must be a string', undefined, 'ingot'],
  [[], 'CONFIG_INVALID', 'the default export must be an object'],
  [() => ({}), 'CONFIG_INVALID', 'the default export must be an object'],
  [true, 'CONFIG_INVALID', '"ingot" must be an object', undefined, 'ingot'],
] as const) {
  test(message, () => {
    assert.throws(() => checkUserConfig(input, at, prefix), { code, message, help, at })
  })
}
