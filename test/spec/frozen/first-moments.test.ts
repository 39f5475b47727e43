// What V8 does beside a program that has just been thawed.

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { temporaryDirectory } from '../../support/temporary.ts'
import { buildFrozen, skip, start } from './frozen.fixture.ts'

suite('the first moments of a frozen process', { skip }, () => {
  const work = temporaryDirectory()

  test('threads are there as soon as the main one waits', async () => {
    const file = await buildFrozen(work, 'waits.mjs')
    for (let i = 0; i < 5; i++) {
      const { stdout } = await start(file, [])
      assert.ok(Number(stdout) > 1, `${stdout.trim()} of them`)
    }
  })
})
