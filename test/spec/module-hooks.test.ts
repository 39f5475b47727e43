// Programs that hook into the loading of modules (OpenTelemetry, Sentry, tsx) see and change embedded
// modules as they do files.

import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { sameAsPlainNode } from '../support/compare.ts'
import { writeFiles, type Files } from '../support/files.ts'
import { installed } from '../support/installed.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const FIXTURE = fileURLToPath(new URL('../fixtures/module-hooks', import.meta.url))

const modules: Files = {
  'own.mjs': `import { hello } from 'victim'\nexport const own = 'own ' + hello()\n`,
  'data.json': { a: 1 },
  'typed.ts': `export const typed: string = 'typed'\n`,
  'node_modules/victim/package.json': {
    name: 'victim',
    version: '1.2.3',
    exports: { '.': { import: './index.mjs', require: './index.cjs' }, './sub': './sub.js' },
  },
  'node_modules/victim/index.mjs': `export const hello = () => 'victim'\nexport default function named() { return 'default' }\n`,
  'node_modules/victim/index.cjs': `exports.hello = () => 'victim, required'\n`,
  'node_modules/victim/sub.js': `exports.sub = () => 'sub'\n`,
  'node_modules/legacy/package.json': { name: 'legacy', version: '4.5.6', main: 'lib/main' },
  'node_modules/legacy/lib/main.js': `exports.run = () => 'legacy ' + require('./dep').dep\n`,
  'node_modules/legacy/lib/dep.js': `exports.dep = 1\n`,
}
/** So many that they would be bundled. */
const many: Files = Object.fromEntries(
  Array.from({ length: 80 }, (_, i) => [`many/${i}.mjs`, `export const n${i} = ${i}\n`]),
)

suite('module hooks', () => {
  const project = path.join(temporaryDirectory(), 'project')

  before(async () => {
    const packages = path.join(await installed(FIXTURE), 'node_modules')
    cpSync(FIXTURE, project, { recursive: true })
    cpSync(packages, path.join(project, 'node_modules'), { recursive: true, verbatimSymlinks: true })
    writeFiles(project, modules)
  })

  test('module.registerHooks sees and changes what is resolved and loaded', async () => {
    await sameAsPlainNode(project, 'hooks.mjs', { flags: ['--include=node_modules/victim/index.cjs'] })
  })

  test('module.register runs hooks in a thread of their own', async () => {
    await sameAsPlainNode(project, 'register.mjs')
  })

  for (const where of ['in this thread', 'in another thread']) {
    test(`packages and builtins are patched by hooks ${where}`, async () => {
      await sameAsPlainNode(project, 'patched.mjs', { args: [where] })
    })
  }

  test('a program that hooks modules has modules, however many they are', async () => {
    writeFiles(project, {
      ...many,
      'large.mjs': `${Object.keys(many)
        .map((name) => `import './${name}'\n`)
        .join('')}import { registerHooks } from 'node:module'
let seen = 0
registerHooks({ load: (url, context, next) => (seen++, next(url, context)) })
const { own } = await import('./own.mjs')
console.log(own, seen)
`,
    })
    const { modules } = await sameAsPlainNode(project, 'large.mjs')
    assert.equal(modules.bundled, 0)
  })
})
