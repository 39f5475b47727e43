// What programs ask of process when they are imported is answered, and the answer guarded, where it is a small
// question: it does not stop a build run, and no start sees another answer than its own.

import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'

import { temporaryDirectory } from '../../support/temporary.ts'
import { buildFrozen, buildFrozenResult, compareStarts, skip, type Expected } from './frozen.fixture.ts'

const ROWS: readonly (readonly [args: readonly string[], expected: Expected])[] = [
  [[], 'thawed'],
  [['--verbose'], 'cold'],
  [['a', '--index', 'b'], 'cold'],
  [['-y'], 'cold'],
  [['--verbose=1', 'x', '-z'], 'thawed'],
]

suite('questions at import', { skip }, () => {
  const work = temporaryDirectory()
  let questions: string
  let named: string
  before(async () => {
    if (skip) return
    questions = await buildFrozen(work, 'questions.mjs')
    named = await buildFrozen(work, 'named.mjs')
  })

  for (const [args, expected] of ROWS)
    test(`for flags: ${args.join(' ') || 'no arguments'}`, () => compareStarts(questions, args, {}, expected))

  test('process by name', () => compareStarts(named, ['a', 'b'], {}, 'thawed'))
})

suite('where a process was frozen', { skip }, () => {
  const work = temporaryDirectory()

  test('is said with the module and the call', async () => {
    const { start } = await buildFrozenResult(work, 'questions.mjs')
    assert.ok(start.kind === 'frozen')
    assert.deepEqual([start.module, start.barrier], ['questions.mjs', 'uname(2)'])
  })
})
