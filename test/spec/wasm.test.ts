// WebAssembly as a module (instance and source phase, with imports of its own) and as bytes.

import path from 'node:path'
import { before, suite, test } from 'node:test'

import { sameAsPlainNode } from '../support/compare.ts'
import { writeFiles, type Files } from '../support/files.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const name = (text: string) => [text.length, ...Buffer.from(text)]
const section = (id: number, ...body: number[]) => [id, body.length, ...body]

const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
/** (import "./host.mjs" "twice" (func …)) (export "twicePlusOne") */
const wasm = Uint8Array.from([
  ...header,
  ...section(1, 1, 0x60, 1, 0x7f, 1, 0x7f),
  ...section(2, 1, ...name('./host.mjs'), ...name('twice'), 0, 0),
  ...section(3, 1, 0),
  ...section(7, 1, ...name('twicePlusOne'), 0, 1),
  ...section(10, 1, 9, 0, 0x20, 0, 0x10, 0, 0x41, 1, 0x6a, 0x0b),
])

const files: Files = {
  'package.json': { name: 'wasm', type: 'module', imports: { '#data': './data.json' } },
  'module.wasm': wasm,
  'host.mjs': `export const twice = (n) => n * 2\n`,
  'data.json': { d: [1, 2] },
  'instance.mjs': `import { twicePlusOne } from './module.wasm'
import * as namespace from './module.wasm'
import data, { default as same } from './data.json' with { type: 'json' }
import aliased from '#data' with { type: 'json' }
console.log(twicePlusOne(20), Object.keys(namespace), data, data === same, data === aliased)
console.log((await import('./module.wasm')) === namespace)
console.log(await import('./data.json').catch((error) => error.code))
`,
  'source.mjs': `import source module from './module.wasm'
console.log(module instanceof WebAssembly.Module, WebAssembly.Module.imports(module))
const again = await import.source('./module.wasm')
const { exports } = new WebAssembly.Instance(again, { './host.mjs': { twice: (n) => n + n } })
console.log(again === module, exports.twicePlusOne(5))
`,
  'bytes.mjs': `import { readFileSync } from 'node:fs'
const url = new URL('module.wasm', import.meta.url)
const imports = { './host.mjs': { twice: (n) => n + n } }
const { instance } = await WebAssembly.instantiate(readFileSync(url), imports)
console.log(instance.exports.twicePlusOne(1))
const response = new Response(readFileSync(url), { headers: { 'content-type': 'application/wasm' } })
console.log((await WebAssembly.instantiateStreaming(response, imports)).instance.exports.twicePlusOne(2))
`,
}

suite('WebAssembly', () => {
  const project = path.join(temporaryDirectory(), 'project')
  before(() => void writeFiles(project, files))

  for (const entry of ['instance.mjs', 'source.mjs', 'bytes.mjs']) {
    for (const flags of [[], ['--bundle']]) {
      test([entry, ...flags].join(' '), async () => {
        await sameAsPlainNode(project, entry, { flags })
      })
    }
  }
})
