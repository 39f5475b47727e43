import assert from 'node:assert/strict'
import { test } from 'node:test'

import { wasmImports } from './wasm-imports.ts'

const name = (text: string) => [text.length, ...Buffer.from(text)]
const module = (...imports: number[][]) => {
  const body = [imports.length, ...imports.flat()]
  return Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 0, 2, 0, 0, 2, body.length, ...body])
}
const all = module(
  [...name('f'), ...name('x'), 0, 0x80, 1],
  [...name('t'), ...name('x'), 1, 0x70, 1, 1, 2],
  [...name('t'), ...name('y'), 1, 0x63, 3, 0, 1],
  [...name('m'), ...name('x'), 2, 0, 1],
  [...name('g'), ...name('x'), 3, 0x7f, 0],
  [...name('e'), ...name('x'), 4, 0, 0],
)

test('imports of every kind', () => {
  assert.deepEqual(wasmImports(all), ['f', 't', 'm', 'g', 'e'])
})

test('what is cut off gives less, and nothing else', () => {
  for (let size = 0; size < all.length; size++) {
    const found = wasmImports(all.subarray(0, size))
    assert.deepEqual(found, ['f', 't', 'm', 'g', 'e'].slice(0, found.length))
  }
})

test('something else imports nothing', () => {
  assert.deepEqual(wasmImports(Buffer.from('export default 1')), [])
})
