// Configurations, plugins and dictionaries are packages that others name in a string, of code or of data, and load later. What
// a package has as a dependency, and mentions without importing it, is there.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ingotBuild, run, runNode } from '../support/commands.ts'
import { makeProject } from '../support/project.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { START } from '../support/thorough.ts'

const MODULE = { type: 'module', version: '1.0.0', exports: { '.': './index.js', './*': './*' } }
const FILES = {
  'package.json': { type: 'module', dependencies: { linter: '1', style: '1' } },
  'main.mjs': `
import { existsSync } from 'node:fs'
import { load } from 'linter'
const [, , ...files] = process.argv
const isThere = (file) => existsSync([import.meta.dirname, 'node_modules', file].reduce((all, part) => all + '/' + part))
if (files.length > 0) console.log(...files.map(isThere))
else console.log(await load('style'), await load('unknown'))
`,
  'node_modules/linter/package.json': { ...MODULE, name: 'linter' },
  'node_modules/linter/index.js': `
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
const read = async (file) => file.endsWith('.json') ? JSON.parse(readFileSync(file, 'utf8')) : (await import(file)).default
export async function load(name, from = import.meta.url) {
  try {
    const file = fileURLToPath(import.meta.resolve(name, from))
    const { title, extends: more = [] } = await read(file)
    return [title, ...(await Promise.all(more.map((one) => load(one, 'file://' + file))))]
  } catch ({ code }) {
    return code
  }
}
`,
  'node_modules/style/package.json': {
    ...MODULE,
    name: 'style',
    dependencies: { 'style-base': '1', '@words/all': '1', used: '1', 'style-more': '1', computing: '1' },
  },
  'node_modules/style/index.js': `
import { title } from 'used'
import { more } from 'computing'
if (more !== 'more') throw new Error(more)
export default { title, extends: ['style-base', \`@words/all/words.json\`] }
`,
  'node_modules/style-base/package.json': { ...MODULE, name: 'style-base' },
  'node_modules/style-base/index.js': `export default { title: 'base' }`,
  'node_modules/@words/all/package.json': {
    ...MODULE,
    name: '@words/all',
    dependencies: { '@words/some': '1' },
  },
  'node_modules/@words/all/words.json': { title: 'all', extends: ['@words/some/words.json'] },
  'node_modules/@words/some/package.json': { ...MODULE, name: '@words/some' },
  'node_modules/@words/some/words.json': { title: 'some' },
  'node_modules/used/package.json': { ...MODULE, name: 'used' },
  'node_modules/used/index.js': `export const title = 'used'`,
  'node_modules/used/never.js': `export const title = 'never'`,
  'node_modules/computing/package.json': {
    name: 'computing',
    version: '1.0.0',
    dependencies: { 'computed-more': '1' },
  },
  'node_modules/computing/index.js': `
const names = ['more']
exports.more = names.map((name) => require('node:fs').readFileSync(require.resolve(\`computed-\${name}\`), 'utf8')).join()
`,
  'node_modules/computed-more/package.json': { name: 'computed-more', version: '1.0.0' },
  'node_modules/computed-more/index.js': 'more',
  'node_modules/style-more/package.json': { ...MODULE, name: 'style-more' },
  'node_modules/style-more/index.js': `export default { title: 'more' }`,
}

test('packages that a package only mentions are inside', async () => {
  const project = makeProject(temporaryDirectory(), FILES)
  const plain = await runNode(['main.mjs'], { cwd: project })
  assert.match(plain.stdout, /some/, plain.stderr)
  const { out } = await ingotBuild([...START, 'main.mjs', '-o', 'program'], { cwd: project })
  assert.deepEqual(await run(out, []), plain)
  const { stdout } = await run(out, ['style-base/index.js', 'used/never.js', 'style-more'])
  assert.equal(stdout, 'true false false\n')
})

const READER = {
  'package.json': { type: 'module', optionalDependencies: { 'not-there': '1' } },
  'main.mjs': `
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { optional } from './optional.cjs'
console.log(readdirSync(path.join(import.meta.dirname, 'fixtures')), optional)
`,
  'optional.cjs': `
const attempt = (load) => { try { return load() } catch ({ code }) { return code } }
exports.optional = attempt(() => require('not-there'))
`,
  'fixtures/bad.js': `import missing from 'missing'\n`,
}

test('what lies in a directory that is read, or is optional, may lack something', async () => {
  const project = makeProject(temporaryDirectory(), READER)
  const plain = await runNode(['main.mjs'], { cwd: project })
  assert.equal(plain.stdout, "[ 'bad.js' ] MODULE_NOT_FOUND\n", plain.stderr)
  const { out, diagnostics } = await ingotBuild([...START, 'main.mjs', '-o', 'program'], { cwd: project })
  assert.deepEqual(
    diagnostics.map(({ severity, code }) => [severity, code]),
    [
      ['info', 'UNRESOLVED_IMPORT'],
      ['warning', 'UNRESOLVED_IMPORT'],
    ],
  )
  assert.deepEqual(await run(out, []), plain)
})

test('a tool that is a dependency itself finds the plugins that the project has for it', async () => {
  const project = makeProject(temporaryDirectory(), {
    'package.json': {
      dependencies: { tool: '1', other: '1' },
      devDependencies: { '@us/tool-plugin-x': '1' },
    },
    'node_modules/tool/package.json': { name: 'tool', version: '1.0.0' },
    'node_modules/tool/bin.js': `for (const name of ['@us/tool-plugin-x', 'other'])
  try { console.log(require(name + process.argv.slice(3).join())) } catch ({ code }) { console.log(code) }
`,
    'node_modules/@us/tool-plugin-x/package.json': { name: '@us/tool-plugin-x', version: '1.0.0' },
    'node_modules/@us/tool-plugin-x/index.js': "module.exports = 'plugin'",
    'node_modules/other/package.json': { name: 'other', version: '1.0.0' },
    'node_modules/other/index.js': "module.exports = 'other'",
  })
  await ingotBuild(['node_modules/tool/bin.js', '-o', 'app', ...START], { cwd: project })
  assert.equal((await run('./app', [], { cwd: project })).stdout, 'plugin\nMODULE_NOT_FOUND\n')
})
