// A glob that begins at the working directory finds its way to embedded files: directory by directory, by the types of
// what it lists, in every way that node has for that.

import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

import { ingotBuild, run, runNode } from '../support/commands.ts'
import { runInEmptyRoot } from '../support/empty-root.ts'
import { makeProject } from '../support/project.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { START } from '../support/thorough.ts'
import { skipWithoutRoot } from './elf/executable.fixture.ts'

const WALKER = `
import fs from 'node:fs'
import { promisify } from 'node:util'
const wanted = import.meta.dirname.split('/').slice(1)
const ways = {
  sync: async (directory) => fs.readdirSync(directory, { withFileTypes: true }),
  callback: promisify((directory, done) => fs.readdir(directory, { withFileTypes: true }, done)),
  promise: (directory) => fs.promises.readdir(directory, { withFileTypes: true }),
}
for (const [way, list] of Object.entries(ways)) {
  let at = '/'
  for (const name of wanted) {
    const found = (await list(at)).find((entry) => entry.name === name)
    if (!found?.isDirectory()) throw new Error(way + ': no directory ' + name + ' in ' + at)
    at += name + '/'
  }
  console.log(way, (await list(at)).map((entry) => entry.name).filter((name) => name.endsWith('.txt')))
}
console.log(fs.statSync('/dev/null').isCharacterDevice(), fs.readdirSync('/dev').includes('null'))
`

/** An executable of this program, with two texts beside it. */
async function built(source: string) {
  const directory = temporaryDirectory()
  const project = makeProject(directory, {
    'package.json': { type: 'module' },
    'main.mjs': source,
    'a.txt': 'a',
    'b.txt': 'b',
  })
  const args = [...START, 'main.mjs', '-o', 'program', '--include=*.txt']
  const { out } = await ingotBuild(args, { cwd: project })
  return { directory, project, out }
}

test('a walk from the root comes to the embedded tree', async () => {
  const { directory, out } = await built(WALKER)
  const { stdout, stderr } = await run(out, [], { cwd: mkdtempSync(path.join(directory, 'cwd-')) })
  const names = "[ 'a.txt', 'b.txt' ]"
  assert.equal(stdout, `sync ${names}\ncallback ${names}\npromise ${names}\ntrue true\n`, stderr)
})

const SEEKER = `
import fs from 'node:fs'
import path from 'node:path'
const here = import.meta.dirname
const show = (title, value) => console.log(title, JSON.stringify(value).replaceAll(here, '<here>'))
const attempt = (seek) => { try { return seek() } catch ({ code, syscall }) { return [code, syscall] } }

show('absolute patterns', [fs.globSync(here + '/*.txt').sort(), (await Array.fromAsync(fs.promises.glob(here + '/*.txt', { withFileTypes: true }))).map((entry) => entry.name).sort()])
process.chdir('/')
const relative = path.relative('/', here)
for (const file of [relative, './' + relative, '/' + here, '/.' + here, '/usr/..' + here, here + '/../' + path.basename(here), here + '//.'])
  show('in some words', [fs.readFileSync(file + '/a.txt', 'utf8'), fs.existsSync(file + '/none'), fs.readdirSync(file).length > 1])

const up = here + '/..'
show('above', [fs.existsSync(up), fs.statSync(up).isDirectory(), fs.lstatSync(up).isDirectory(), fs.readdirSync(up).includes(path.basename(here))])
for (const file of [up + '/none', path.join(up, 'none.json'), path.join(here, '../none/none'), up + '/a.txt'])
  show('not above', [fs.existsSync(file), attempt(() => fs.readFileSync(file)), attempt(() => fs.statSync(file)), attempt(() => fs.readdirSync(file))])

let at = '/'
for (const name of here.split('/').slice(1)) {
  if (!fs.readdirSync(at, { withFileTypes: true }).some((entry) => entry.name === name && entry.isDirectory())) throw new Error('no ' + name + ' in ' + at)
  at = path.join(at, name)
  if (!fs.lstatSync(at).isDirectory() || !(await fs.promises.lstat(at)).isDirectory()) throw new Error(at + ' is no directory')
}
fs.rmSync(path.join(here, 'none'), { force: true })
console.log('came down')
`

test("every way to write a path, up and down, is plain Node's", { skip: skipWithoutRoot }, async () => {
  const { project, out } = await built(SEEKER)
  const plain = await runNode([path.join(project, 'main.mjs')])
  assert.match(plain.stdout, /came down/, plain.stderr)
  assert.deepEqual(await run(out, []), plain)
  const { status, stdout, stderr } = await runInEmptyRoot(out, {})
  assert.deepEqual([status, stdout, stderr], [0, plain.stdout, ''])
})
