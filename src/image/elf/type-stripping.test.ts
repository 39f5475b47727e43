import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileFunction } from 'node:vm'

import { withoutTypeStripping } from './type-stripping.ts'
import { NO_EDITS } from './edits.ts'
import { readElf } from './read.ts'
import { makeElf } from './synthetic.fixture.ts'

const BASE = 0x40_0000
const SOURCE_AT = 0x1_0010
const CACHE_AT = 0x8000
const SIZE = 0x8_0000
const CODE_CACHE = Buffer.from('a906dec052bdff97', 'hex')

function makeWith(source: string, encoding: BufferEncoding, cachedLength = source.length) {
  const cache = Buffer.alloc(12)
  cache.set(CODE_CACHE)
  cache.writeUInt32LE((0x2000_0000 | cachedLength) >>> 0, 8)
  const bytes = makeElf({
    size: SIZE,
    segments: [{ fileOffset: 0, virtualAddress: BASE, fileSize: SIZE }],
    content: { [CACHE_AT]: cache, [SOURCE_AT]: Buffer.from(source, encoding) },
  })
  return readElf(bytes, 'node')
}

const ASCII = `exports.wasm = '${'A'.repeat(0x1_0000)}'`
const WIDE = `exports.text = '€${'A'.repeat(0x1_0000)}'`

for (const [source, encoding] of [
  [ASCII, 'latin1'],
  [WIDE, 'utf16le'],
] as const) {
  test(`a source in ${encoding} throws, and its code cache is none`, () => {
    const node = makeWith(source, encoding)
    const { patches, cuts } = withoutTypeStripping(node, { source, codeCache: CODE_CACHE })
    const size = Buffer.from(source, encoding).length
    const start = BASE + SOURCE_AT
    assert.deepEqual(cuts, [{ start, end: start + size, isRead: true }])
    const [replaced, cache] = patches
    assert.deepEqual(cache, { address: BASE + CACHE_AT, bytes: new Uint8Array(4) })
    assert.equal(replaced?.address, start)
    const text = Buffer.from(replaced.bytes).toString(encoding)
    assert.equal(text.length, source.length)
    assert.throws(() => compileFunction(text)(), { name: 'Error', code: 'ERR_NO_TYPESCRIPT' })
    // What is not in the file is zeros.
    const page = 0x1000 * (encoding === 'latin1' ? 1 : 2)
    assert(replaced.bytes.subarray(page).every((byte) => byte === 0))
  })
}

test('nothing is changed in a node that has it not, or twice, or with no code cache', () => {
  const codeCache = CODE_CACHE
  assert.deepEqual(withoutTypeStripping(makeWith('other', 'latin1'), { source: ASCII, codeCache }), NO_EDITS)
  const twice = makeWith(ASCII + ASCII, 'latin1', ASCII.length)
  assert.deepEqual(withoutTypeStripping(twice, { source: ASCII, codeCache }), NO_EDITS)
  const uncached = makeWith(ASCII, 'latin1', ASCII.length + 1)
  assert.deepEqual(withoutTypeStripping(uncached, { source: ASCII, codeCache }), NO_EDITS)
  const tiny = makeWith('tiny', 'latin1')
  assert.deepEqual(withoutTypeStripping(tiny, { source: 'tiny', codeCache }), NO_EDITS)
})
