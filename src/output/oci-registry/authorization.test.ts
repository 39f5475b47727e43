import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseChallenge } from './authorization.ts'

const NOTHING = { realm: undefined, service: undefined, scope: undefined }

const CHALLENGES: readonly [header: string | null, expected: ReturnType<typeof parseChallenge>][] = [
  [null, undefined],
  ['', undefined],
  ['Negotiate', undefined],
  ['Basic realm="test"', { ...NOTHING, scheme: 'basic', realm: 'test' }],
  ['basic', { ...NOTHING, scheme: 'basic' }],
  [
    'Bearer realm="https://auth.example/token?a=b",service="registry",scope="repository:a/b:pull,push"',
    {
      scheme: 'bearer',
      realm: 'https://auth.example/token?a=b',
      service: 'registry',
      scope: 'repository:a/b:pull,push',
    },
  ],
  [
    'Basic realm="x", BEARER Realm = "https://auth.example" , service=plain',
    { ...NOTHING, scheme: 'bearer', realm: 'https://auth.example', service: 'plain' },
  ],
]

for (const [header, expected] of CHALLENGES) {
  test(`the challenge ${header}`, () => assert.deepEqual(parseChallenge(header), expected))
}
