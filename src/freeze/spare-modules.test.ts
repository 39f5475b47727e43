import assert from 'node:assert/strict'
import { test } from 'node:test'

import { NO_TRAINING } from '../format/training.ts'
import { addSpareModules, type ModuleFact } from './spare-modules.ts'

const fact = (path: string, size = 1000): ModuleFact => ({
  path,
  size,
  format: path.endsWith('.mjs') ? 'module' : 'commonjs',
})
const MODULES = [
  'main.mjs',
  'later.mjs',
  'node_modules/p/index.mjs',
  'node_modules/p/part.mjs',
  'node_modules/p/part.js',
  'node_modules/q/index.js',
].map((path) => fact(path))

const spares = (loaded: readonly string[], modules: readonly ModuleFact[]) =>
  addSpareModules({ ...NO_TRAINING, modules: loaded }, modules).modules.slice(loaded.length)

test('of packages that are used, in the format that is used', () => {
  assert.deepEqual(spares(['main.mjs', 'node_modules/p/index.mjs'], MODULES), [
    'later.mjs',
    'node_modules/p/part.mjs',
  ])
})

test('none without a rehearsal', () => assert.deepEqual(spares([], MODULES), []))

test('smallest first, as far as there is room', () => {
  const modules = [fact('main.js'), fact('large.js', 5e6), fact('larger.js', 6e6), fact('small.js', 2e6)]
  assert.deepEqual(spares(['main.js'], modules), ['small.js', 'large.js'])
})
