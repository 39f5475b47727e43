import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { readManifest } from './manifest.ts'
import { packageEntries } from './package-entries.ts'
import { temporaryProject } from './project.fixture.ts'

/** Files that exist, package.json or none, and the entries as `name=file`. */
const FOUND: readonly (readonly [string, string[], object | undefined, string[]])[] = [
  ['bin, a string', ['cli.ts', 'src/main.ts'], { name: '@s/tool', bin: './cli.ts' }, ['tool=cli.ts']],
  ['bin without a name', ['cli.ts'], { bin: 'cli.ts' }, ['cli=cli.ts']],
  [
    'several bins',
    ['a.ts', 'b.ts'],
    { name: 'n', bin: { one: 'a.ts', two: './b.ts' } },
    ['one=a.ts', 'two=b.ts'],
  ],
  ['bin before main', ['a.ts', 'b.ts'], { bin: { one: 'a.ts' }, main: 'b.ts' }, ['one=a.ts']],
  ['main', ['lib/run.js', 'src/main.ts'], { main: 'lib/run.js' }, ['run=lib/run.js']],
  ['main without extension', ['lib/run.js'], { main: 'lib/run' }, ['run=lib/run.js']],
  ['main, a directory', ['lib/index.js'], { main: 'lib' }, ['index=lib/index.js']],
  ['src/main.ts first', ['index.ts', 'main.ts', 'src/index.ts', 'src/main.ts'], {}, ['main=src/main.ts']],
  ['src/index.ts', ['index.ts', 'main.ts', 'src/index.ts'], {}, ['index=src/index.ts']],
  ['main.ts', ['index.ts', 'main.ts'], {}, ['main=main.ts']],
  ['index.ts', ['index.ts'], undefined, ['index=index.ts']],
]

for (const [title, files, manifest, expected] of FOUND) {
  test(`entry of a package: ${title}`, (t) => {
    const sources = Object.fromEntries(files.map((file) => [file, '']))
    const dir = temporaryProject(t, { ...sources, ...(manifest && { 'package.json': manifest }) })
    const entries = packageEntries(dir, readManifest(dir)).map(({ name, file }) => `${name}=${file}`)
    assert.deepEqual(
      entries,
      expected.map((entry) => entry.replace('=', `=${dir}/`)),
    )
  })
}

for (const [title, source, manifest, message, suggestion] of [
  [
    'bin',
    'src/cli.ts',
    { bin: 'dist/cli.js' },
    '"bin" names a file that does not exist (tried dist/cli.js, dist/cli.js.js, dist/cli.js/index.js)',
    'src/cli.ts',
  ],
  [
    'a bin of several',
    'lib/b.mts',
    { bin: { a: 'lib/b.mjs' } },
    '"bin.a" names a file that does not exist (tried lib/b.mjs, lib/b.mjs.js, lib/b.mjs/index.js)',
    'lib/b.mts',
  ],
  [
    'main',
    'index.ts',
    { main: './dist/index.cjs' },
    '"main" names a file that does not exist (tried dist/index.cjs, dist/index.cjs.js, dist/index.cjs/index.js)',
    'index.ts',
  ],
] as const) {
  test(`built output that is missing is not replaced by its source: ${title}`, (t) => {
    const dir = temporaryProject(t, { [source]: '', 'src/main.ts': '', 'package.json': manifest })
    assert.throws(() => packageEntries(dir, readManifest(dir)), {
      code: 'ENTRY_NOT_FOUND',
      message,
      help: `Build it first, or name the source in package.json: "ingot": { "entry": "${suggestion}" }.`,
      at: { file: join(dir, 'package.json') },
    })
  })
}

test('no entry at all names what was tried', (t) => {
  const dir = temporaryProject(t, { 'package.json': {}, 'other.ts': '' })
  assert.throws(() => packageEntries(dir, readManifest(dir)), {
    code: 'ENTRY_NOT_FOUND',
    message: `no entry module in ${dir}`,
    help: 'Name one: ingot build path/to/main.ts (tried "ingot.entry", "bin" and "main" in package.json, src/main.ts, src/index.ts, main.ts, index.ts).',
  })
})
