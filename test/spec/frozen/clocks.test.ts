// A frozen process goes on under another clock than it was stopped under: the machine may have started just
// now or be up for years. Time namespaces make both.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { uptime } from 'node:os'
import { before, suite, test } from 'node:test'

import { temporaryDirectory } from '../../support/temporary.ts'
import { buildFrozen, skip, skipWithoutRoot, start } from './frozen.fixture.ts'

const YEAR_S = 365 * 24 * 3600
/** The kernel takes no offset that leads to before the start. */
const ALMOST_ALL_S = Math.max(1, Math.floor(uptime()) - 5)

const OFFSETS: readonly (readonly [monotonic_s: number, boottime_s: number])[] = [
  [0, 0],
  [1, 1],
  [YEAR_S, YEAR_S],
  [100 * YEAR_S, 100 * YEAR_S],
  [YEAR_S, 0],
  [0, YEAR_S],
  [-1, -1],
  [-ALMOST_ALL_S, -ALMOST_ALL_S],
  [-ALMOST_ALL_S, YEAR_S],
  [YEAR_S, -ALMOST_ALL_S],
]

const hasNamespaces = spawnSync('unshare', ['--time', 'true'], { stdio: 'ignore' }).status === 0

suite('clocks and waits of a thawed process', { skip }, () => {
  const work = temporaryDirectory()
  let file: string
  before(async () => {
    if (!skip) file = await buildFrozen(work, 'clocks.cjs')
  })

  async function goesRight(script: string): Promise<void> {
    const earliest = Date.now()
    const { status, signal, stdout, stderr, started } = await start(file, [], { script })
    const latest = Date.now()
    assert.deepEqual(
      { status, signal, stderr, started },
      { status: 0, signal: null, stderr: '', started: 'thawed' },
    )
    const { problems, date } = JSON.parse(stdout) as { problems: readonly string[]; date: number }
    assert.deepEqual(problems, [])
    assert.ok(
      date >= earliest && date <= latest,
      `the date is ${date}, not between ${earliest} and ${latest}`,
    )
  }

  test('by the clock of the machine', () => goesRight('exec "$@"'))

  for (const [monotonic_s, boottime_s] of OFFSETS) {
    const title = `monotonic ${monotonic_s} s, boottime ${boottime_s} s`
    const reason = skipWithoutRoot || (!hasNamespaces && 'the kernel has no time namespaces')
    test(title, { skip: reason }, () =>
      goesRight(`exec unshare --time --fork --monotonic ${monotonic_s} --boottime ${boottime_s} "$@"`),
    )
  }
})
