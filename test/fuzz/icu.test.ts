// Damaged ICU data: a package that can be cut, or a refusal that the build knows.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import fc from 'fast-check'

import { cutPackage } from '../../src/image/icu/cut.ts'
import { findPackage, writePackage } from '../../src/image/icu/package.ts'
import { THOROUGH } from '../support/thorough.ts'
import { bounded, FUZZ, mutate, mutations } from './mutation.ts'

test('a damaged package is cut, or refused', () => {
  const whole = findPackage(readFileSync(process.execPath))!
  const names =
    /^(?:(?:brkitr\/|zone\/)?(?:res_index|pool|root|en|en_AU|de|iw|he|ja)\.res|cnvalias\.icu|euc-jp-2007\.cnv)$/
  const small = new Map([...whole.items].filter(([name]) => names.test(name)))
  const bytes = writePackage(whole, small)
  let cut = 0
  fc.assert(
    fc.property(mutations(bytes.length, 8), (changes) => {
      const damaged = Buffer.from(bytes)
      mutate(damaged, changes)
      const found = findPackage(damaged)
      if (!found) return
      try {
        assert(bounded(() => findPackage(cutPackage(found, ['de']))))
        cut++
      } catch (error) {
        assert(error instanceof RangeError, String(error))
      }
    }),
    { ...FUZZ, numRuns: THOROUGH ? FUZZ.numRuns : 50 },
  )
  assert(cut > 0)
})
