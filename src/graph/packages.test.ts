import assert from 'node:assert/strict'
import path from 'node:path'
import { suite, test } from 'node:test'

import { writeFiles } from '../../test/support/files.ts'
import { temporaryDirectory } from '../../test/support/temporary.ts'
import { Packages } from './packages.ts'

suite('the package that a file belongs to', () => {
  const root = writeFiles(temporaryDirectory(), {
    'package.json': { name: 'program' },
    'main.js': '',
    'node_modules/single.js': '',
    'odd/package.json/is-a-directory.js': '',
    'node_modules/whole/package.json': { name: 'whole' },
    'node_modules/whole/esm/package.json': { type: 'module' },
    'node_modules/whole/esm/index.js': '',
  })
  for (const [file, owner, scope] of [
    ['main.js', '', ''],
    ['odd/index.js', '', ''],
    ['node_modules/single.js', undefined, undefined],
    ['node_modules/whole/esm/index.js', 'node_modules/whole', 'node_modules/whole/esm'],
  ] as const) {
    test(file, () => {
      const packages = new Packages()
      const relative = (found?: { directory: string }) => found && path.relative(root, found.directory)
      assert.equal(relative(packages.ownerOf(path.join(root, file))), owner)
      assert.equal(relative(packages.scopeOf(path.join(root, file))), scope)
    })
  }
})
