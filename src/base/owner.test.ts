import assert from 'node:assert/strict'
import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

import { temporaryDirectory } from '../../test/support/temporary.ts'
import { ownName, removeAbandoned } from './owner.ts'

const DAY_S = 24 * 60 * 60
/** Numbers of processes end below this one (proc(5), pid_max). */
const NOBODY = '4194305'

function remains(name: string, ageS = 0, prefix = ''): boolean {
  const directory = temporaryDirectory()
  const file = path.join(directory, name)
  mkdirSync(file)
  writeFileSync(path.join(file, 'part'), '')
  utimesSync(file, Date.now() / 1000 - ageS, Date.now() / 1000 - ageS)
  removeAbandoned(directory, prefix)
  return existsSync(file)
}

test('what a running process has made is its own for as long as it runs', () => {
  assert.equal(remains(ownName()), true)
  assert.equal(remains(ownName(), 2 * DAY_S), true)
  assert.notEqual(ownName(), ownName())
})

test('what a killed process has made is removed', () => {
  assert.equal(remains(ownName().replace(/^\d+/, NOBODY)), false)
})

test("a container's, or another machine's, is believed for a day", () => {
  const theirs = ownName().replace(/^\d+-\w+/, `${NOBODY}-0123456789ab`)
  assert.equal(remains(theirs), true)
  assert.equal(remains(theirs, 2 * DAY_S), false)
})

test("what has another prefix is somebody else's", () => {
  const killed = ownName().replace(/^\d+/, NOBODY)
  assert.equal(remains(`.tmp-${killed}`, 0, '.tmp-'), false)
  assert.equal(remains(`.tmp-${killed}`, 0, '.other-'), true)
})

test('a directory that is not there has nothing in it', () => {
  assert.doesNotThrow(() => removeAbandoned(path.join(temporaryDirectory(), 'none')))
})
