// pnpm's store, workspaces, imports maps and self-references: a module is where node says it is, once,
// and the links that lead to it are links.

import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { sameAsPlainNode } from '../support/compare.ts'
import { writeFiles, type Files } from '../support/files.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const FIXTURE = fileURLToPath(new URL('../fixtures/links', import.meta.url))
const STORE = 'node_modules/.pnpm'

const files: Files = {
  'package.json': { name: 'root', private: true, workspaces: ['app', 'packages/*'] },
  'app/package.json': {
    name: 'app',
    type: 'module',
    imports: {
      '#config': { development: './src/dev.mjs', node: './src/node.mjs', default: './src/default.mjs' },
      '#sub/*': './src/sub-*.mjs',
      '#alias': 'a',
    },
    exports: { './feature': './src/feature.mjs', '.': './src/main.mjs' },
  },
  'app/src/node.mjs': `export const config = 'node'\n`,
  'app/src/dev.mjs': `export const config = 'dev'\n`,
  'app/src/default.mjs': `export const config = 'default'\n`,
  'app/src/sub-x.mjs': `export const x = 'sub x'\n`,
  'app/src/feature.mjs': `export const feature = 'feature of ' + import.meta.url\n`,
  [`${STORE}/a@1.0.0/node_modules/a/package.json`]: {
    name: 'a',
    version: '1.0.0',
    exports: { import: './i.mjs', require: './r.cjs' },
    dependencies: { b: '2' },
  },
  [`${STORE}/a@1.0.0/node_modules/a/i.mjs`]: `import b from 'b'\nexport const a = 'a with ' + b.b\nexport const url = import.meta.url\n`,
  [`${STORE}/a@1.0.0/node_modules/a/r.cjs`]: `exports.a = 'a, required, with ' + require('b').b\nexports.file = __filename\n`,
  ...Object.fromEntries(
    ['1', '2'].flatMap((version) => [
      [`${STORE}/b@${version}.0.0/node_modules/b/package.json`, { name: 'b', version: `${version}.0.0` }],
      [
        `${STORE}/b@${version}.0.0/node_modules/b/index.js`,
        `globalThis.count${version} ??= 0\nexports.b = 'b${version}'\nexports.count = ++globalThis.count${version}\n`,
      ],
    ]),
  ),
  'packages/lib/package.json': { name: '@scope/lib', type: 'module', exports: './src/index.ts' },
  'packages/lib/src/index.ts': `export const lib: string = 'lib'\nexport const url = import.meta.url\n`,
}
const links = {
  [`${STORE}/a@1.0.0/node_modules/b`]: `../../b@2.0.0/node_modules/b`,
  'node_modules/a': '.pnpm/a@1.0.0/node_modules/a',
  'app/node_modules/b': `../../${STORE}/b@1.0.0/node_modules/b`,
  'node_modules/@scope/lib': '../../packages/lib',
}

suite('links', () => {
  const project = path.join(temporaryDirectory(), 'project')

  before(() => {
    writeFiles(project, files)
    copyFileSync(path.join(FIXTURE, 'main.mjs'), path.join(project, 'app/src/main.mjs'))
    for (const [file, target] of Object.entries(links)) {
      mkdirSync(path.dirname(path.join(project, file)), { recursive: true })
      symlinkSync(target, path.join(project, file))
    }
  })

  test('packages that lie elsewhere', async () => {
    const app = path.join(project, 'worktree')
    writeFiles(app, { 'main.mjs': `import { a } from 'a'\nconsole.log(a)\n` })
    symlinkSync('node_modules', path.join(project, 'another'))
    symlinkSync('../another', path.join(app, 'node_modules'))
    await sameAsPlainNode(app, 'main.mjs', { flags: ['--no-bundle'] })
  })

  for (const flags of [['--no-bundle'], ['--bundle']]) {
    test(`a workspace with pnpm's layout, ${flags.join()}`, async () => {
      await sameAsPlainNode(project, 'app/src/main.mjs', { flags })
    })
  }
})
