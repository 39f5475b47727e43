import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { scanModule } from './scan.ts'

/** What is found in a module of a package. */
function scan(text: string) {
  const { references, computed } = scanModule('/app/node_modules/p/index.js', text, (_, __, parse) => parse())
  return {
    specifiers: references.map(({ specifier }) => specifier).filter((specifier) => !specifier.includes(' ')),
    computed: computed.map(({ kind }) => kind),
  }
}

suite('what a module of a package asks for', () => {
  for (const [text, specifiers] of [
    [`import a from './a.js'; export * from "./b.js"; import './c.js'`, ['./a.js', './b.js', './c.js']],
    [`export {default as 'no-import'} from './a.js'`, ['./a.js']],
    [`export {default as 'copied from'} from './a.js'`, ['./a.js']],
    [`const label = {'from': 1, "import": 2}; export {a} from './a.js'`, ['./a.js']],
    [`export * from /* why */ './a.js'; import(/* webpackIgnore: true */ './b.js')`, ['./a.js', './b.js']],
    [`export*from'./a.js';import{b}from"./b.js"`, ['./a.js', './b.js']],
    [`require(/* a */ './a.js'), require.resolve('./b.js' /* b */)`, ['./a.js', './b.js']],
  ] as const) {
    test(text, () => assert.deepEqual(scan(text), { specifiers, computed: [] }))
  }

  for (const [text, computed] of [
    [`require(name)`, ['require']],
    [`require('./' + name), import(/* a */ name)`, ['require', 'import']],
    ['import(`./${name}.js`)', ['import']],
    [`const load = require;`, ['require']],
  ] as const) {
    test(`computed: ${text}`, () => assert.deepEqual(scan(text).computed, computed))
  }
})
