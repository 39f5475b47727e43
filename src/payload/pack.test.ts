import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ARCHIVE_MAGIC, ArchiveEntry, ArchiveHeader, PAGE_SIZE } from '../format/archive.ts'
import { hashPath } from '../format/hash.ts'
import { packArchive } from './pack.ts'
import type { ArchiveFile, Payload } from './payload.ts'

const MANIFEST = { ingot: '1.2.3', entries: [{ name: 'app', path: 'main.js' }], sourceMaps: false }
const text = (content: string) => Buffer.from(content)

/** The archive taken apart by its declaration alone. */
function parse({ chunks }: Payload) {
  const bytes = Buffer.concat(chunks)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const header = ArchiveHeader.read(view, 0)
  const entries = Array.from({ length: header.entryCount }, (_, i) => {
    const entry = ArchiveEntry.read(view, header.entriesOffset + i * ArchiveEntry.size)
    const start = header.pathsOffset + entry.pathOffset
    return { ...entry, path: bytes.toString('utf8', start, start + entry.pathLength) }
  })
  const buckets = Array.from({ length: header.bucketCount }, (_, i) =>
    view.getUint32(header.bucketsOffset + 4 * i, true),
  )
  const data = (path: string) => {
    const { dataOffset, dataSize } = entries.find((entry) => entry.path === path)!
    return bytes.subarray(dataOffset, dataOffset + dataSize)
  }
  return { bytes, header, entries, buckets, data }
}

test('an archive of nothing is a root and a manifest', () => {
  const { header, entries, bytes } = parse(packArchive([], [], MANIFEST))
  assert.equal(header.magic, ARCHIVE_MAGIC)
  assert.equal(header.size, bytes.length)
  assert.deepEqual(
    entries.map(({ path, kind, dataSize }) => ({ path, kind, dataSize })),
    [{ path: '', kind: 2, dataSize: 0 }],
  )
  assert.deepEqual(
    JSON.parse(bytes.toString('utf8', header.manifestOffset, header.manifestOffset + header.manifestSize)),
    MANIFEST,
  )
})

test('directories appear by themselves, and children are neighbours in order', () => {
  const files = ['b/z.js', 'b/a.js', 'a.js', 'b/c/d.js'].map((path) => ({ path, data: text(path) }))
  const { entries } = parse(packArchive(files, [{ path: 'b/link', target: 'a.js' }], MANIFEST))
  assert.deepEqual(
    entries.map(({ path }) => path),
    ['', 'a.js', 'b', 'b/a.js', 'b/c', 'b/link', 'b/z.js', 'b/c/d.js'],
  )
  for (const directory of entries.filter(({ kind }) => kind === 2)) {
    const children = entries.slice(directory.dataOffset, directory.dataOffset + directory.dataSize)
    const depth = directory.path === '' ? 1 : directory.path.split('/').length + 1
    const expected = entries.filter(
      ({ path }) =>
        path !== '' &&
        path.split('/').length === depth &&
        path.startsWith(directory.path && `${directory.path}/`),
    )
    assert.deepEqual(children, expected)
  }
})

for (const count of [0, 1, 2, 3, 7, 8, 100, 1000]) {
  test(`of ${count} files each has one bucket, and a free one always ends the search`, () => {
    const files = Array.from({ length: count }, (_, i) => ({ path: `f${i}`, data: text('') }))
    const { header, entries, buckets } = parse(packArchive(files, [], MANIFEST))
    assert.equal(Math.log2(header.bucketCount) % 1, 0)
    assert(header.bucketCount >= 2 * entries.length)
    assert.deepEqual(
      buckets.filter((number) => number !== 0).toSorted((a, b) => a - b),
      entries.map((_, i) => i + 1),
    )
    for (const [i, entry] of entries.entries()) {
      assert.equal(entry.pathHash, hashPath(entry.path))
      let bucket = entry.pathHash & (header.bucketCount - 1)
      while (buckets[bucket] !== i + 1) {
        assert.notEqual(buckets[bucket], 0, `${entry.path} is behind a free bucket`)
        bucket = (bucket + 1) & (header.bucketCount - 1)
      }
    }
  })
}

for (const size of [0, 1, 15, 16, 4095, 4096, 4097, 100_000]) {
  test(`a mapped file behind ${size} bytes begins on a page, and every other one on 16 bytes`, () => {
    const files: ArchiveFile[] = [
      { path: 'a.txt', data: Buffer.alloc(size, 'a') },
      { path: 'b.node', data: text('first'), mapped: true },
      { path: 'c.txt', data: text('c') },
      { path: 'd.so', data: text('second'), mapped: true },
    ]
    const { entries, data, bytes } = parse(packArchive(files, [], MANIFEST))
    for (const file of files) {
      const { dataOffset } = entries.find(({ path }) => path === file.path)!
      assert.equal(dataOffset % (file.mapped ? PAGE_SIZE : 16), 0)
      assert.deepEqual(data(file.path), Buffer.from(file.data))
    }
    assert(bytes.length < size + 3 * PAGE_SIZE)
  })
}

test('modules carry their code, their cache and what the report counts', () => {
  const packed = packArchive(
    [
      {
        path: 'compiled.ts',
        data: text('let x: 1'),
        module: { format: 'module', code: text('let x'), codeCache: text('CACHE') },
      },
      { path: 'plain.cjs', data: text('exports.é = 1'), module: { format: 'commonjs' } },
      { path: 'tool', data: text('#!'), executable: true },
    ],
    [],
    MANIFEST,
  )
  const { entries, bytes } = parse(packed)
  const [compiled, plain, tool] = entries.slice(1)
  const slice = (offset: number, size: number) => bytes.toString('utf8', offset, offset + size)
  assert.deepEqual([compiled!.format, compiled!.codeIsAscii, compiled!.mode], [2, 1, 0o644])
  assert.equal(slice(compiled!.codeOffset, compiled!.codeSize), 'let x')
  assert.equal(slice(compiled!.cacheOffset, compiled!.cacheSize), 'CACHE')
  assert.deepEqual([plain!.format, plain!.codeIsAscii, plain!.cacheSize], [1, 0, 0])
  assert.equal(plain!.codeOffset, plain!.dataOffset)
  assert.deepEqual([tool!.format, tool!.mode, tool!.codeSize], [0, 0o755, 0])
  assert.equal(packed.parts.code, 8 + 5 + Buffer.byteLength('exports.é = 1'))
  assert.equal(packed.parts.codeCache, 5)
  assert.equal(packed.parts.assets, 2)
  assert.equal(packed.size, bytes.length)
})
