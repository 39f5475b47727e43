// What is drawn by chance is another in every start, although all of them go on from the same memory:
// whether a draw is the first thing that the program does or comes later, and whatever the process's number is.

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { temporaryDirectory } from '../../support/temporary.ts'
import { THOROUGH } from '../../support/thorough.ts'
import { buildFrozen, skip, skipWithoutRoot, start, type StartOptions } from './frozen.fixture.ts'

/** What is drawn at once, before the process may be frozen, is what the program is named after. */
const FIRST = ['random', 'own-context', 'bytes', 'uuid', 'integer'] as const
const LATER = ['bytes', 'uuid', 'values', 'integer', 'key', 'random', 'context', 'own-context']
const AT_ONCE = 4
const STARTS = THOROUGH ? 100 : 20

type Drawn = readonly (readonly [source: string, value: string | number])[]

/** Fails if any value comes twice. */
async function allDistinct(file: string, starts: number, options: StartOptions = {}): Promise<void> {
  const seen = new Map<string | number, string>()
  const one = async (number: number) => {
    const { status, stdout, stderr, started } = await start(file, LATER, options)
    assert.equal(status, 0, stderr)
    assert.equal(started, 'thawed')
    for (const [source, value] of JSON.parse(stdout) as Drawn) {
      const place = `${source} of start ${number}`
      assert.equal(seen.get(value), undefined, `${place} drew ${value}, too`)
      seen.set(value, place)
    }
  }
  for (let done = 0; done < starts; done += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, starts - done) }, (_, i) => one(done + i)))
  }
}

suite('every start draws other values', { skip }, async () => {
  const work = temporaryDirectory()
  for (const first of FIRST) {
    const file = skip ? '' : await buildFrozen(work, `chance-${first}.cjs`)
    test(`${first} first, ${STARTS} starts`, () => allDistinct(file, STARTS))
    test(`${first} first, ${STARTS / 4} starts as process 1`, { skip: skipWithoutRoot }, () =>
      allDistinct(file, STARTS / 4, { script: 'exec unshare --pid --fork "$@"' }),
    )
  }
})
