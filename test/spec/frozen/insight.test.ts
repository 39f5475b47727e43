// Snapshots, profiles, hooks and reports of a thawed process are those of a cold one, and of plain node.

import assert from 'node:assert/strict'
import path from 'node:path'
import { suite, test } from 'node:test'

import { runNode } from '../../support/commands.ts'
import { temporaryDirectory } from '../../support/temporary.ts'
import { THOROUGH } from '../../support/thorough.ts'
import { buildFrozen, compareStarts, FIXTURES, howItStarted, skip, start } from './frozen.fixture.ts'

const PLAIN = path.join(FIXTURES, 'insight.mjs')
const env = { PATH: '/usr/bin:/bin' }
/** They say on standard error where they listen and write, which is never the same. */
const TALKATIVE = ['inspector port', 'report in a file']

suite('what a thawed program learns of itself', { skip }, async () => {
  const work = temporaryDirectory()
  if (skip) return
  const file = await buildFrozen(work, 'insight.mjs')
  const names = howItStarted(await runNode([PLAIN]))
    .stdout.trim()
    .split('\n')
  assert.ok(names.length > 20)

  for (const name of names.filter((_, at) => THOROUGH || at % 3 === 0)) {
    test(name, async () => {
      const plain = howItStarted(await runNode([PLAIN, name], { env }))
      assert.equal(plain.status, 0, plain.stderr)
      const options = { env, ...(TALKATIVE.includes(name) && { script: 'exec "$@" 2>/dev/null' }) }
      await compareStarts(file, [name], options, 'thawed')
      const { status, stdout } = await start(file, [name], options)
      assert.deepEqual({ status, stdout }, { status: 0, stdout: plain.stdout })
    })
  }

  test('all of it in one process', async () => {
    const { status, stdout, stderr } = await start(file, names, { env })
    assert.equal(status, 0, stderr)
    assert.equal(stdout.trim().split('\n').length, names.length)
  })
})
