import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

import { temporaryProject } from '../config/project.fixture.ts'
import { CompilerOptions } from './compiler-options.ts'

test('what compilers read for a directory differs where one of the files does', (t) => {
  const project = temporaryProject(t, {
    'tsconfig.json': '// a comment\n{ "extends": "./base", "references": [{ "path": "lib" }], }',
    'base.json': { compilerOptions: { baseUrl: 'src', paths: { '#*': ['./*'] } } },
    'lib/tsconfig.json': {},
    'src/deep/x.ts': '',
  })
  const of = (name: string) => new CompilerOptions().of(path.join(project, name))
  const options = new CompilerOptions()
  options.of(path.join(project, 'src/deep'))
  for (const name of ['tsconfig.json', 'base.json', 'lib/tsconfig.json', 'src/deep/tsconfig.json'])
    assert(options.files.has(path.join(project, name)), name)
  assert.deepEqual([...options.mappings], [path.join(project, 'src/')])

  for (const name of ['tsconfig.json', 'base.json', 'lib/tsconfig.json', 'src/tsconfig.json']) {
    const before = of('src/deep')
    assert.equal(of('src/deep'), before)
    writeFileSync(path.join(project, name), '{ "compilerOptions": { "strict": true }, "extends": "./base" }')
    assert.notEqual(of('src/deep'), before, name)
    writeFileSync(
      path.join(project, 'tsconfig.json'),
      '{ "extends": "./base", "references": [{ "path": "lib" }] }',
    )
  }
})

test('files that name each other, or nothing, come to an end', (t) => {
  const project = temporaryProject(t, {
    'tsconfig.json': { extends: ['./other', 'no-package/x'] },
    'other.json': { extends: './tsconfig' },
    'broken/tsconfig.json': '{ "extends": ',
    'nothing/tsconfig.json': 'null',
  })
  for (const name of ['.', 'broken', 'nothing'])
    assert(new CompilerOptions().of(path.join(project, name)).includes('./other'))
})
