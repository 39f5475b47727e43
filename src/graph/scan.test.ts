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

suite('what a module of the program asks for', () => {
  for (const [text, specifiers, isComputing] of [
    [`const name = './a.js'; import(name)`, ['./a.js'], false],
    [`import(all ? './a.js' : './b.js')`, ['./a.js', './b.js'], false],
    [`import(process.argv[2] ?? './a.js')`, ['./a.js'], true],
    [`for (const name of ['./a.js', './b.js']) import(name)`, ['./a.js', './b.js'], false],
    [`const names = ['./a.js']; names.push(more); for (const name of names) import(name)`, [], true],
    [`const plugin = { file: './a.js' }; import(plugin.file)`, ['./a.js'], false],
    [`const plugin = { file: './a.js' }; plugin.file = other; import(plugin.file)`, ['./a.js'], true],
    [
      `const plugin = { file: './a.js' }; plugin.file = other; const { file } = plugin; import(file)`,
      ['./a.js'],
      true,
    ],
    [`let name = './a.js'; if (other) name = other(); import(name)`, ['./a.js'], true],
    [`const name = './a.js'; { const name = other; import(name) }`, [], true],
    [`const load = (name) => import(name); load('./a.js')`, [], true],
    [`import('node:' + name)`, [], false],
  ] as const)
    test(text, () => {
      const { references, computed } = scanModule('/app/main.ts', text, (_, __, parse) => parse())
      assert.deepEqual(
        references.map(({ specifier }) => specifier),
        specifiers,
      )
      assert.equal(computed.length > 0, isComputing)
    })
})
