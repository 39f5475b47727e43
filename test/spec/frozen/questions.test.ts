// What programs ask of process when they are imported is answered, and the answer guarded, where it is a small
// question: it does not stop a build run, and no start sees another answer than its own.

import assert from 'node:assert/strict'
import path from 'node:path'
import { before, suite, test } from 'node:test'

import { ingot } from '../../support/commands.ts'
import { runInEmptyRoot } from '../../support/empty-root.ts'
import { writeFiles } from '../../support/files.ts'
import { temporaryDirectory } from '../../support/temporary.ts'
import { THOROUGH } from '../../support/thorough.ts'
import {
  buildFrozen,
  buildFrozenResult,
  compareStarts,
  howItStarted,
  skip,
  skipWithoutRoot,
  type Expected,
} from './frozen.fixture.ts'

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
  let colors: string
  before(async () => {
    if (skip) return
    questions = await buildFrozen(work, 'questions.mjs')
    named = await buildFrozen(work, 'named.mjs')
    colors = await buildFrozen(work, 'colors.mjs')
  })

  for (const [args, expected] of ROWS)
    test(`for flags: ${args.join(' ') || 'no arguments'}`, () => compareStarts(questions, args, {}, expected))

  test('process by name', () => compareStarts(named, ['a', 'b'], {}, 'thawed'))

  test('process by name, where no source shows it', async () => {
    writeFiles(path.join(work, 'project'), { 'package.json': { imports: { '#process': 'process' } } })
    const out = await buildFrozen(work, 'named-computed.mjs')
    for (const how of ['joined', 'mapped', 'linked'])
      for (const when of ['', 'synchronized']) await compareStarts(out, [how, when], {}, 'thawed')
  })

  test('process by name, when the program has put something else there', async () => {
    const out = await buildFrozen(work, 'named-replaced.mjs')
    await compareStarts(out, ['a'], {}, 'thawed')
  })

  test('of node itself, for colors', async () => {
    await compareStarts(colors, [], {}, 'thawed')
    await compareStarts(colors, [], { env: { FORCE_COLOR: '1' } }, 'either')
  })
})

suite('copies of the command line', { skip }, () => {
  const work = temporaryDirectory()

  test('are filled at the thaw, and are arrays', async () => {
    const { out, start } = await buildFrozenResult(work, 'copies.cjs')
    assert.ok(start.kind === 'frozen')
    assert.equal(start.module, 'started.cjs')
    for (const args of [[], ['a', '--b', 'c d']]) await compareStarts(out, args, {}, 'thawed')
  })

  test('that somebody looks at are filled before', async () => {
    const { out, start } = await buildFrozenResult(work, 'copies-seen.cjs')
    assert.ok(start.kind === 'frozen')
    assert.equal(start.module, 'copies-late.cjs')
    await compareStarts(out, ['a', 'b'], {}, 'thawed')
  })

  for (const way of ['inspected', 'cloned', 'sent'])
    test(`that are ${way}`, { skip: !THOROUGH }, async () => {
      const { out } = await buildFrozenResult(work, `copies-${way}.cjs`)
      await compareStarts(out, ['a', 'b'], {}, 'thawed')
    })
})

const ZONES = [{}, { TZ: 'Asia/Tokyo' }, { TZ: 'America/New_York' }, { TZ: 'EST' }, { TZ: '' }]

suite('dates that are made at import', { skip }, () => {
  const work = temporaryDirectory()

  for (const [name, module, isQuick] of [
    ['dates.cjs', 'started.cjs', true],
    ['dates-local.cjs', 'dates-late.cjs', false],
  ] as const)
    test(name, { skip: !isQuick && !THOROUGH }, async () => {
      const { out, start } = await buildFrozenResult(work, name)
      assert.ok(start.kind === 'frozen')
      assert.equal(start.module, module)
      for (const env of ZONES) await compareStarts(out, [], { env }, 'thawed')
    })

  // libc has asked for the variable by then.
  test('dates-in-context.cjs', { skip: !THOROUGH }, async () => {
    const { out } = await buildFrozenResult(work, 'dates-in-context.cjs')
    for (const env of ZONES) await compareStarts(out, [], { env }, 'TZ' in env ? 'cold' : 'thawed')
  })
})

suite('a path with letters of the other case', { skip: skip || skipWithoutRoot }, () => {
  const work = temporaryDirectory()

  test('is a guard', async () => {
    const { out } = await buildFrozenResult(work, 'dates.cjs')
    for (const [expected, files] of [
      ['thawed', {}],
      ['cold', { 'DEV/NULL/text': '' }],
    ] as const)
      assert.equal(howItStarted(await runInEmptyRoot(out, { files, proc: true })).started, expected)
  })
})

suite('where a process was frozen', { skip }, () => {
  const work = temporaryDirectory()

  test('is said with the module and the call', async () => {
    const { start } = await buildFrozenResult(work, 'questions.mjs')
    assert.ok(start.kind === 'frozen')
    assert.deepEqual([start.module, start.barrier], ['questions.mjs', 'uname(2)'])
  })

  test('and by ingot why --start, with all guards', async () => {
    await buildFrozenResult(work, 'questions.mjs')
    const { status, stdout } = await ingot(['why', '--start', 'questions.mjs'], {
      cwd: path.join(work, 'project'),
    })
    assert.equal(status, 0)
    assert.match(stdout, /^frozen before uname\(2\) in questions\.mjs, [\d.]+ MB\n/)
    assert.match(stdout, /^captured: .* threads, \d+ descriptors$/m)
    assert.match(stdout, /^ {2}variables that are not set: .*NODE_CHANNEL_FD/m)
    assert.match(stdout, /^ {2}arguments that are not given: --verbose, --index, -x, -y$/m)
    assert.match(stdout, /^ {2}features of the processor: .*popcnt/m)
  })
})
