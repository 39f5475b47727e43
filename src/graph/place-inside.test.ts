import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { placeInside, urlInside } from './place-inside.ts'

test('a file inside is called as the target calls files', () => {
  assert.equal(placeInside('src/a b.ts', 'linux-x64'), '/dev/null/app/src/a b.ts')
  assert.equal(placeInside('src/a b.ts', 'win32-x64'), 'C:\\ingot:\\app\\src\\a b.ts')
  assert.equal(placeInside('.', 'win32-arm64'), 'C:\\ingot:\\app')
  assert.equal(urlInside('src/a b.ts', 'darwin-arm64'), 'file:///dev/null/app/src/a%20b.ts')
  const url = urlInside('src/a b#1.ts', 'win32-x64')
  assert.equal(url, 'file:///C:/ingot:/app/src/a%20b%231.ts')
  assert.equal(fileURLToPath(url, { windows: true }), placeInside('src/a b#1.ts', 'win32-x64'))
})
