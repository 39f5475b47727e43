import assert from 'node:assert/strict'
import { test } from 'node:test'

import { splitTestArguments } from './test-arguments.ts'

for (const [line, own, runner, loaded] of [
  ['', '', '', ''],
  ['src -o out --watch', 'src -o out --watch', '', ''],
  ['--test-name-pattern a b.test.ts', 'b.test.ts', '--test-name-pattern a', ''],
  ['--test-name-pattern=a b.test.ts', 'b.test.ts', '--test-name-pattern=a', ''],
  ['--test-only --experimental-test-coverage x', 'x', '--test-only --experimental-test-coverage', ''],
  ['--experimental-test-tag-filter t x', 'x', '--experimental-test-tag-filter t', ''],
  [
    '--test-reporter tap --test-reporter ./r.mjs',
    '',
    '--test-reporter tap --test-reporter ./r.mjs',
    './r.mjs',
  ],
  ['--import=./setup.ts -r ./old.cjs', '', '--import=./setup.ts -r ./old.cjs', './setup.ts ./old.cjs'],
  ['--include x.json a', '--include x.json a', '', ''],
  ['a -- -b --watch', 'a', '-b --watch', ''],
] as const) {
  test(`ingot test ${line}`, () => {
    const words = (text: string) => text.split(' ').filter(Boolean)
    assert.deepEqual(splitTestArguments(words(line)), {
      own: words(own),
      runner: words(runner),
      loaded: words(loaded),
    })
  })
}
