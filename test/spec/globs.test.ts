// A glob that begins at the working directory finds its way to embedded files: directory by directory, by the types of
// what it lists, in every way that node has for that.

import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

import { ingotBuild, run } from '../support/commands.ts'
import { makeProject } from '../support/project.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { START } from '../support/thorough.ts'

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

test('a walk from the root comes to the embedded tree', async () => {
  const directory = temporaryDirectory()
  const project = makeProject(directory, {
    'package.json': { type: 'module' },
    'main.mjs': WALKER,
    'a.txt': 'a',
    'b.txt': 'b',
  })
  const { out } = await ingotBuild([...START, 'main.mjs', '-o', 'program', '--include=*.txt'], {
    cwd: project,
  })
  const { stdout, stderr } = await run(out, [], { cwd: mkdtempSync(path.join(directory, 'cwd-')) })
  const names = "[ 'a.txt', 'b.txt' ]"
  assert.equal(stdout, `sync ${names}\ncallback ${names}\npromise ${names}\ntrue true\n`, stderr)
})
