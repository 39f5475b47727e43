// Programs look into /proc/self/maps for the libc that they run with. Embedded libraries have their names there,
// and looking does not keep a program from being frozen with what it loads next.

import assert from 'node:assert/strict'
import path from 'node:path'
import { suite, test } from 'node:test'

import { ingotBuild, run, runNode } from '../../support/commands.ts'
import { runInEmptyRoot } from '../../support/empty-root.ts'
import { makeProject } from '../../support/project.ts'
import { temporaryDirectory } from '../../support/temporary.ts'
import { COLD, skip, skipWithoutRoot } from './frozen.fixture.ts'

const FILES = {
  'package.json': { name: 'maps', version: '1.0.0' },
  'main.cjs': `'use strict'
const fs = require('node:fs')
const ways = {
  text: () => fs.readFileSync('/proc/self/maps', 'utf8'),
  latin1: () => fs.readFileSync('/proc/self/maps', 'latin1'),
  descriptor: () => {
    const descriptor = fs.openSync('/proc/self/maps')
    try { return fs.readFileSync(descriptor, 'utf8') } finally { fs.closeSync(descriptor) }
  },
}
const libraries = (text) => [...new Set([...text.matchAll(/\\/[^/\\n]*\\.so\\b.*/g)].map(([name]) => name.replace(/.*\\//, '').replace(/(\\.so\\.\\d+).*/, '$1')))].toSorted().join()
const said = []
const say = (name, read) => { try { said.push(name + ': ' + libraries(read())) } catch (error) { said.push(name + ': ' + error.message) } }
for (const name in ways) say(name, ways[name])
console.log(said.join('\\n'))
fs.promises.readFile('/proc/self/maps', 'utf8').then(
  (text) => console.log(['[stack]', '[vdso]', '400000-'].filter((name) => !text.includes(name))),
  (error) => console.log(error.message),
)
`,
}

suite('the names in /proc/self/maps', { skip }, async () => {
  const project = makeProject(temporaryDirectory(), FILES)
  const build = (kind: string) =>
    ingotBuild(['main.cjs', '-o', kind, '--start', kind], { cwd: project }).then(({ start }) => start)
  if (skip) return
  assert.equal((await build('frozen')).kind, 'frozen')
  const plain = await runNode(['main.cjs'], { cwd: project })
  assert.match(plain.stdout, /^text: .*ld-linux-x86-64.so.2,libatomic.so.1,libc.so.6/)

  for (const INGOT_START of ['', COLD]) {
    test(`are those of plain node${INGOT_START && ', cold'}`, async () => {
      assert.deepEqual(await run(path.join(project, 'frozen'), [], { env: { INGOT_START } }), plain)
    })
  }

  test('without /proc there is no such file', { skip: skipWithoutRoot }, async () => {
    const { stdout, stderr } = await runInEmptyRoot(path.join(project, 'frozen'), {
      env: { INGOT_START: COLD },
    })
    const missing = "ENOENT: no such file or directory, open '/proc/self/maps'"
    assert.deepEqual(
      { stdout, stderr },
      {
        stdout: ['text: ', 'latin1: ', 'descriptor: ', ''].map((way) => `${way}${missing}\n`).join(''),
        stderr: '',
      },
    )
  })
})
