import assert from 'node:assert/strict'
import { test } from 'node:test'
import v8 from 'node:v8'

import { compileNatives } from './natives.ts'

test('another thread may take the flag back', () => {
  let begun = 0
  const setFlagsFromString = (flag: string): void => {
    v8.setFlagsFromString(flag)
    if (flag === '--allow-natives-syntax' && ++begun < 3) v8.setFlagsFromString('--no-allow-natives-syntax')
  }
  const isSmall = compileNatives({ setFlagsFromString }, ['value'], 'return %IsSmi(value)')
  assert.deepEqual([isSmall(1), isSmall(0.5), begun], [true, false, 3])
  // oxlint-disable-next-line typescript/no-implied-eval -- it is syntax that is looked for
  assert.throws(() => new Function('return %IsSmi(1)'), SyntaxError)
})

test('what is wrong for another reason is told', () => {
  assert.throws(() => compileNatives(v8, [], '%'), SyntaxError)
})
