import assert from 'node:assert/strict'
import { test } from 'node:test'

import { pathOf } from './contract-path.ts'

const VALUES: Record<string, string> = { DATA: '/srv/data', URL: 'file:///srv/a%20b', HERE: 'sub' }

for (const [text, expected] of [
  ['/etc/app', '/etc/app'],
  ['data/x', '/work/data/x'],
  ['../x', '/x'],
  ['$DATA', '/srv/data'],
  ['$DATA/x', '/srv/data/x'],
  ['$URL', '/srv/a b'],
  ['$URL/x', '/srv/a b/x'],
  ['$HERE', '/work/sub'],
  ['$NONE/x', undefined],
] as const) {
  test(`${text} is ${expected}`, () =>
    assert.equal(
      pathOf(text, '/work', (name) => VALUES[name]),
      expected,
    ))
}
