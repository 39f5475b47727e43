import assert from 'node:assert/strict'
import { test } from 'node:test'

import { temporaryProject } from '../config/project.fixture.ts'
import { licenseOf, noticesIn } from './license.ts'

for (const [json, license] of [
  [{ license: 'MIT' }, 'MIT'],
  [{ license: '(MIT OR Apache-2.0)' }, '(MIT OR Apache-2.0)'],
  [{ license: { type: 'ISC', url: 'x' } }, 'ISC'],
  [{ licenses: [{ type: 'MIT' }, 'ISC'] }, '(MIT OR ISC)'],
  [{ licenses: [{ type: 'BSD' }] }, 'BSD'],
  [{ license: '', licenses: ['MIT'] }, undefined],
  [{ license: 3 }, undefined],
  [{ license: null }, undefined],
  [{ licenses: 'MIT' }, undefined],
  [{ licenses: [null, {}] }, undefined],
  [{}, undefined],
] as const) {
  test(`${JSON.stringify(json)} is ${license}`, () => {
    assert.equal(licenseOf(json as Parameters<typeof licenseOf>[0]), license)
  })
}

test('texts are found by their names, in order, with plain line ends', (t) => {
  const directory = temporaryProject(t, {
    LICENSE: 'one\r\ntwo\r\n',
    'LICENCE-MIT.txt': 'british',
    'license.md': 'lower',
    COPYING: 'copying',
    'NOTICE.txt': 'notice',
    'ThirdPartyNotices.txt': 'others',
    UNLICENSE: 'public',
    'LICENSES/b.txt': 'b',
    'LICENSES/a.txt': 'a',
    'LICENSES/deeper/c.txt': 'no',
    'license.js': 'no',
    'license.json': 'no',
    'licensed-by.txt': 'no',
    'noticeboard.txt': 'no',
    'README.md': 'no',
    'lib/LICENSE': 'no',
    'COPYRIGHT.txt': '   ',
  })
  assert.deepEqual(noticesIn(directory), [
    'copying',
    'british',
    'one\ntwo',
    'a',
    'b',
    'notice',
    'others',
    'public',
    'lower',
  ])
})
