import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseReference } from './reference.ts'

const GOOD: readonly [text: string, registry: string, repository: string, tag: string][] = [
  ['hello', 'docker.io', 'library/hello', 'latest'],
  ['hello:1.2', 'docker.io', 'library/hello', '1.2'],
  ['shop/front:a_b', 'docker.io', 'shop/front', 'a_b'],
  ['docker.io/hello', 'docker.io', 'hello', 'latest'],
  ['localhost/hello', 'localhost', 'hello', 'latest'],
  ['localhost:5000/a/b/c:1', 'localhost:5000', 'a/b/c', '1'],
  ['[::1]:5000/hello', '[::1]:5000', 'hello', 'latest'],
  ['registry.example/a__b/c--d', 'registry.example', 'a__b/c--d', 'latest'],
]
for (const [text, registry, repository, tag] of GOOD) {
  test(`${text} is ${registry} ${repository} ${tag}`, () => {
    assert.deepEqual(parseReference(text), {
      name: `${registry}/${repository}:${tag}`,
      registry,
      repository,
      tag,
    })
  })
}

for (const text of [
  '',
  ':1',
  'a:',
  'A',
  'a//b',
  '-a',
  'a:-b',
  'a@sha256:0',
  'host:x:1/a',
  'a b',
  'ex.ample?/a',
  'ex.ample#/a',
]) {
  test(`${JSON.stringify(text)} is no name`, () => {
    assert.throws(() => parseReference(text), { code: 'IMAGE_NAME' })
  })
}
