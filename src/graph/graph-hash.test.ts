import assert from 'node:assert/strict'
import { cpSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test, type TestContext } from 'node:test'

import { temporaryProject } from '../config/project.fixture.ts'
import { resolveConfig } from '../config/resolve-config.ts'
import { traceApp } from './trace-app.ts'

const PROJECT = {
  'app/package.json': { name: 'app', type: 'module', dependencies: { linked: '*' } },
  'app/main.ts': `import { a } from './a.ts'\nimport linked from 'linked'\nimport './side.js'\nimport fs from 'node:fs'
try { require('absent') } catch {}\nconsole.log(a, linked, fs.readFileSync(new URL('data.txt', import.meta.url)))`,
  'app/a.ts': `export const a: number = 1`,
  'app/side.js': 'globalThis.side = 1',
  'app/data.txt': 'data',
  'lib/package.json': { name: 'linked', type: 'module', exports: './lib.js' },
  'lib/lib.js': 'export default 1',
}

function project(t: TestContext, files = PROJECT): string {
  const directory = temporaryProject(t, files)
  mkdirSync(path.join(directory, 'app/node_modules'))
  symlinkSync('../../lib', path.join(directory, 'app/node_modules/linked'))
  return directory
}

async function hashOf(directory: string, options: { bundle?: boolean; entry?: string } = {}) {
  const { config } = await resolveConfig(
    { entry: 'main.ts', bundle: false, ...options },
    { cwd: path.join(directory, 'app') },
  )
  return (await traceApp(config)).hash
}

test('the hash of a module graph is the same bundled or not, and wherever it lies', async (t) => {
  const directory = project(t)
  const hash = await hashOf(directory)
  assert.match(hash, /^[0-9a-f]{64}$/)
  assert.equal(await hashOf(directory, { bundle: true }), hash)

  const copy = temporaryProject(t, {})
  cpSync(directory, copy, { recursive: true, verbatimSymlinks: true })
  assert.equal(await hashOf(copy), hash)
  assert.equal(await hashOf(copy, { bundle: true }), hash)
})

for (const [what, change] of [
  ['an edit', (app: string) => writeFileSync(path.join(app, 'a.ts'), 'export const a: number = 2')],
  [
    'an edit in a package',
    (app: string) => writeFileSync(path.join(app, '../lib/lib.js'), 'export default 2'),
  ],
  [
    'another file for the same specifier',
    (app: string) => {
      writeFileSync(path.join(app, '../lib/other.js'), 'export default 1')
      writeFileSync(path.join(app, '../lib/package.json'), '{ "type": "module", "exports": "./other.js" }')
    },
  ],
  [
    'a package that was missing',
    (app: string) => {
      mkdirSync(path.join(app, 'node_modules/absent'))
      writeFileSync(path.join(app, 'node_modules/absent/index.js'), '')
    },
  ],
  [
    'another format',
    (app: string) => writeFileSync(path.join(app, 'package.json'), '{ "name": "app", "type": "commonjs" }'),
  ],
  [
    'a package in place of a link',
    (app: string) => {
      cpSync(path.join(app, '../lib'), path.join(app, 'copy'), { recursive: true })
      renameSync(path.join(app, 'node_modules/linked'), path.join(app, 'node_modules/gone'))
      renameSync(path.join(app, 'copy'), path.join(app, 'node_modules/linked'))
    },
  ],
] as const) {
  test(`the hash of a module graph differs after ${what}`, async (t) => {
    const directory = project(t)
    const before = await hashOf(directory)
    change(path.join(directory, 'app'))
    const after = await hashOf(directory)
    assert.notEqual(after, before)
    assert.equal(await hashOf(directory, { bundle: true }), after)
  })
}

test('the hash of a module graph is of its entries, too, but not of what is in other files', async (t) => {
  const directory = project(t)
  const before = await hashOf(directory)
  writeFileSync(path.join(directory, 'app/data.txt'), 'other data')
  writeFileSync(path.join(directory, 'app/unused.ts'), 'export {}')
  assert.equal(await hashOf(directory), before)
  assert.notEqual(await hashOf(directory, { entry: 'program=main.ts' }), before)
})
