// Files of the program that its own modules name by path are inside, however the path is made: here in the ways in which
// programs make them.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ingotBuild, run, runNode } from '../support/commands.ts'
import type { Files } from '../support/files.ts'
import { makeProject } from '../support/project.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { START } from '../support/thorough.ts'

const PATHS = `import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { SOURCE } from './more-paths.ts'
export { ROOT as RENAMED } from './more-paths.ts'
export * from './more-paths.ts'
export const dir = path.join(path.dirname(fileURLToPath(import.meta.url)), 'imported')
export const options = { root: SOURCE, nested: { views: path.join(SOURCE, 'nested') } }
export function here(...parts: string[]) { return path.join(SOURCE, ...parts) }
const template = (name: string) => new URL(name, import.meta.url)
export { template }
export default SOURCE
`
const MORE_PATHS = `export const SOURCE = import.meta.dirname
export const ROOT = SOURCE
`
const LEGACY = `const path = require('path')
module.exports = { root: __dirname, find: (name) => path.join(__dirname, name) }
exports.unused = 1
`

/** Each of them is the path of a file below a directory of its name. */
const WAYS: Record<string, string> = {
  imported: `join(dir, 'f.txt')`,
  'through-two': `join(ROOT, 'through-two', 'f.txt')`,
  renamed: `join(RENAMED, 'renamed/f.txt')`,
  default: `join(source, 'default/f.txt')`,
  namespace: `join(paths.SOURCE, 'namespace/f.txt')`,
  object: `join(options.root, 'object/f.txt')`,
  nested: `join(options.nested.views, 'f.txt')`,
  function: `here('function', 'f.txt')`,
  'url-function': `template('./url-function/f.txt')`,
  required: `join(legacy.root, 'required/f.txt')`,
  'required-function': `legacy.find('required-function/f.txt')`,
  destructured: `join(dirname, 'destructured/f.txt')`,
  'renamed-join': `joined(dirname, 'renamed-join/f.txt')`,
  'namespace-of-path': `nodePath.join(dirname, 'namespace-of-path/f.txt')`,
  'local-object': `join(local.root, 'local-object/f.txt')`,
  field: `new Templates().file('field')`,
  static: `join(Templates.root, 'static/f.txt')`,
  'arrow-function': `relative('arrow-function', 'f.txt')`,
  'inner-function': `read('inner-function/f.txt')`,
  parameter: `defaulted('parameter/f.txt')`,
  properties: `named({ name: 'properties' })`,
  reassigned: `join(changing, 'reassigned/f.txt')`,
  'url-of-url': `new URL('./url-of-url/f.txt', new URL('.', import.meta.url))`,
  'url-class': `new OwnURL('./url-class/f.txt', import.meta.url)`,
  'array-join': `[dirname, 'array-join', 'f.txt'].join('/')`,
  slice: `import.meta.filename.slice(0, import.meta.filename.lastIndexOf('/')) + '/slice/f.txt'`,
  parsed: `join(nodePath.parse(import.meta.filename).dir, 'parsed/f.txt')`,
  variable: `join(process.env.NOT_SET ?? dirname, 'variable/f.txt')`,
  'or-else': `join(process.env.NOT_SET || dirname, 'or-else/f.txt')`,
  conditional: `join(process.env.NOT_SET ? process.env.NOT_SET : dirname, 'conditional/f.txt')`,
  concat: `dirname.concat('/concat/f.txt')`,
  'above-url': `new URL(import.meta.url + '/../above-url/f.txt')`,
  argument: `join(nodePath.dirname(process.argv[1]!), 'argument/f.txt')`,
  mapped: `['mapped/f.txt'].map((name) => join(dirname, name))[0]!`,
  'in-a-loop': `looped()`,
  glob: `globSync(join(dirname, 'glob/*.{txt,md}'))[0]!`,
  'glob-in': `join(dirname, globSync('glob-in/**/*.txt', { cwd: dirname })[0]!)`,
}

const MAIN = `import { globSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, join as joined } from 'node:path'
import * as nodePath from 'node:path'
import { URL as OwnURL } from 'node:url'
import source, * as paths from './paths.ts'
import { dir, here, options, RENAMED, ROOT, template } from './paths.ts'
import legacy from './legacy.cjs'
const { dirname } = import.meta
const local = { root: dirname }
class Templates {
  static root = import.meta.dirname
  root = import.meta.dirname
  file(name: string) { return join(this.root, name, 'f.txt') }
  shown() { return join(this.root, 'field', 'f.txt') }
}
const relative = (...parts: string[]) => join(dirname, ...parts)
const read = (name: string) => { const file = join(dirname, name); readFileSync(file); return file }
function defaulted(name: string, base = import.meta.dirname) { return join(base, name) }
function named({ name }: { name: string }) { return join(dirname, name, 'f.txt') }
let changing = ''
changing = dirname
function looped() {
  for (const name of ['in-a-loop']) return join(dirname, name, 'f.txt')
  return ''
}
const files: Record<string, () => string | URL> = {
${Object.entries(WAYS)
  .map(([name, expression]) => `  '${name}': () => ${expression},`)
  .join('\n')}
}
for (const [name, file] of Object.entries(files)) {
  let says
  try { says = readFileSync(file(), 'utf8') } catch (error) { says = String(error) }
  console.log(name, says)
}
`

const PROJECT: Files = {
  'package.json': { type: 'module' },
  'src/main.ts': MAIN,
  'src/paths.ts': PATHS,
  'src/more-paths.ts': MORE_PATHS,
  'src/legacy.cjs': LEGACY,
  ...Object.fromEntries(Object.keys(WAYS).map((name) => [`src/${name}/f.txt`, `text of ${name}`])),
}

test('paths of files are followed however they are made', async () => {
  const project = makeProject(temporaryDirectory(), PROJECT)
  await ingotBuild(['src/main.ts', '-o', 'app', ...START], { cwd: project })
  const { stdout } = await run('./app', [], { cwd: project })
  const expected = await runNode(['src/main.ts'], { cwd: project })
  assert.deepEqual(
    expected.stdout.trimEnd().split('\n'),
    Object.keys(WAYS).map((name) => `${name} text of ${name}`),
  )
  assert.deepEqual(stdout, expected.stdout)
})

test('what only looks as if it named them is not', async () => {
  const project = makeProject(temporaryDirectory(), {
    'package.json': { type: 'module' },
    'main.ts': `import { existsSync } from 'node:fs'
import { join } from 'node:path'
const directory = import.meta.dirname
const elsewhere = (directory: string) => join(directory, 'secret', 'f.txt')
{ const directory = '/tmp'; join(directory, 'secret', 'f.txt') }
elsewhere('/tmp')
console.log(existsSync([directory, 'secret'].reduce((all, part) => all + '/' + part)))
`,
    'secret/f.txt': 'secret',
  })
  await ingotBuild(['main.ts', '-o', 'app', ...START], { cwd: project })
  const { stdout } = await run('./app', [], { cwd: project })
  assert.equal(stdout, 'false\n')
})

test('what the program looks for in vain when it is tried, and the project has, is told', async () => {
  const project = makeProject(temporaryDirectory(), {
    'package.json': { type: 'module' },
    'src/main.ts': `import { existsSync, readFileSync } from 'node:fs'
const at = (...names: string[]) => names.reduce((all, name) => all + '/' + name, import.meta.dirname)
console.log(existsSync(at('..', 'public')), existsSync(at('..', 'public', 'page.html')), existsSync(at('none')))
console.log(existsSync(at('..', '.env')), existsSync(at('..', 'package.json')))
try { readFileSync(at('texts', 'one.txt')) } catch ({ code }: any) { console.log(code) }
`,
    'src/texts/one.txt': '',
    'public/page.html': '',
    '.env': '',
  })
  const told = async (...flags: string[]) => {
    const { diagnostics } = await ingotBuild(['src/main.ts', '-o', 'app', ...flags], { cwd: project })
    return diagnostics.map(({ severity, code, at }) => [severity, code, at?.file])
  }
  const missing = [
    ['warning', 'NOT_EMBEDDED', `${project}/public`],
    ['warning', 'NOT_EMBEDDED', `${project}/src/texts`],
  ]
  assert.deepEqual(await told(), missing)
  // The frozen process is the same, and kept.
  assert.deepEqual(await told('--force'), missing)
  assert.deepEqual(await told('--include', 'public', '--include', 'src/texts'), [])
})
