import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { pathOfFileUrl, pathOfRelativeUrl } from './file-url.ts'
import { Resolver } from './resolve.ts'

suite('URLs as specifiers', () => {
  for (const [url, path] of [
    ['file:///a/b%20c.js', '/a/b c.js'],
    ['file:///a/b.js?v=1', '/a/b.js'],
    ['file://host/a.js', undefined],
    ['file:///a%2Fb.js', undefined],
    ['file:///a%ff.js', undefined],
  ] as const) {
    test(url, () => assert.equal(pathOfFileUrl(url), path))
  }

  for (const [url, path] of [
    ['./a%20b.js?x#y', './a b.js'],
    ['./a%.js', './a%.js'],
    ['./a%E4.js#z', './a%E4.js'],
  ] as const) {
    test(url, () => assert.equal(pathOfRelativeUrl(url), path))
  }

  for (const specifier of ['file://host/a.js', './%E4.mjs', 'file:///a%2Fb.js']) {
    test(`${specifier} names no file`, () => {
      assert.deepEqual(new Resolver().resolve(specifier, import.meta.filename, 'import'), { kind: 'missing' })
    })
  }
})
