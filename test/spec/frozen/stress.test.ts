// Programs of many kinds, started over and over with randomised addresses: each start does what plain node does.
// INGOT_STARTS is how many; `npm run stress` makes it 2000.

import assert from 'node:assert/strict'
import { cpSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'

import { runNode } from '../../support/commands.ts'
import { installed } from '../../support/installed.ts'
import { temporaryDirectory } from '../../support/temporary.ts'
import { THOROUGH } from '../../support/thorough.ts'
import { buildFrozen, FIXTURES, howItStarted, skip, start, type Start } from './frozen.fixture.ts'

const SOME = ['server.mjs', 'workers.mjs', 'sql.mjs']
const MORE = ['children.cjs', 'wasm.cjs', 'input.mjs', 'hello.ts', 'await.mjs', 'packing.cjs', 'timers.cjs']
const PROGRAMS = THOROUGH ? [...SOME, ...MORE] : SOME
const STARTS = Number(process.env['INGOT_STARTS'] ?? (THOROUGH ? 200 : 6))
const AT_ONCE = 3
const OPTIONS = {
  env: { PATH: '/usr/bin:/bin' },
  input: Array.from({ length: 5000 }, (_, i) => `line ${i} ${'-'.repeat(i % 60)}\n`).join(''),
}

suite(`${STARTS} starts do as plain node`, { skip }, () => {
  const work = temporaryDirectory()
  const source = path.join(FIXTURES, 'stress')
  before(async () => {
    if (skip) return
    const packages = path.join(await installed(source), 'node_modules')
    cpSync(packages, path.join(work, 'project/stress/node_modules'), { recursive: true })
  })

  test('addresses are randomised', () => {
    assert.equal(readFileSync('/proc/sys/kernel/randomize_va_space', 'utf8'), '2\n')
  })

  for (const name of PROGRAMS) {
    test(name, async () => {
      const file = await buildFrozen(work, path.join('stress', name))
      const plain = howItStarted(await runNode([path.join(work, 'project/stress', name)], OPTIONS))
      assert.deepEqual(
        { ...plain, stdout: '' },
        { status: 0, signal: null, stdout: '', stderr: '', started: 'cold' },
      )
      const expected: Start = { ...plain, started: 'thawed' }
      const starts = Math.ceil(STARTS / PROGRAMS.length)
      const one = async (number: number) =>
        assert.deepEqual(await start(file, [], OPTIONS), expected, `start ${number}`)
      for (let done = 0; done < starts; done += AT_ONCE) {
        await Promise.all(Array.from({ length: Math.min(AT_ONCE, starts - done) }, (_, i) => one(done + i)))
      }
    })
  }
})
