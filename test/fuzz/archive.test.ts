// Writer and reader of the archive together, on random trees and on damaged bytes.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { Archive, isDirectory, isFile } from '../../src/bootstrap/vfs/archive.ts'
import { ArchiveHeader, PAGE_SIZE } from '../../src/format/archive.ts'
import { packArchive } from '../../src/payload/pack.ts'
import { bounded, FUZZ, mutate, mutations } from './mutation.ts'
import { anyPath, anyTree, expected, type Outcome, type RandomTree } from './tree.ts'

const MANIFEST = { ingot: '0.0.0', entries: [], sourceMaps: false }

function pack({ files, links }: RandomTree): Buffer {
  return Buffer.concat(packArchive(files, links, MANIFEST).chunks)
}

function open(bytes: Uint8Array): Archive {
  return new Archive(new Uint8Array(bytes).buffer)
}

function outcomeOf(archive: Archive, path: string, followLast: boolean): Outcome {
  const found = archive.resolve(path, followLast)
  if (typeof found === 'string') return found
  return { path: found.path, kind: isDirectory(found) ? 'directory' : isFile(found) ? 'file' : 'link' }
}

test('every path of a tree is found, and every other path fails as Linux says it does', () => {
  fc.assert(
    fc.property(anyTree, fc.array(anyPath, { minLength: 20, maxLength: 40, size: 'max' }), (tree, others) => {
      const archive = open(pack(tree))
      const known = [...tree.files, ...tree.links].map(({ path }) => path)
      const below = known.flatMap((path) => [`${path}/a`, `${path}/index.js`])
      for (const path of ['', ...known, ...below, ...others]) {
        for (const followLast of [true, false]) {
          assert.deepEqual(
            outcomeOf(archive, path, followLast),
            expected(tree, path, followLast),
            `${path} ${followLast}`,
          )
        }
      }
    }),
    { ...FUZZ, numRuns: 500 },
  )
})

test('files and links keep their bytes, mapped files begin on a page, children are sorted and complete', () => {
  fc.assert(
    fc.property(anyTree, (tree) => {
      const archive = open(pack(tree))
      for (const { path, data, mapped } of tree.files) {
        const entry = archive.find(path)!
        assert.deepEqual(Buffer.from(archive.data(entry)), Buffer.from(data))
        if (mapped) assert.equal(entry.dataOffset % PAGE_SIZE, 0)
      }
      for (const { path, target } of tree.links) assert.equal(archive.readLink(archive.find(path)!), target)

      const seen: string[] = []
      const visit = (directory: string) => {
        const children = [...archive.children(archive.find(directory)!)]
        const names = children.map(({ path }) => path.slice(directory === '' ? 0 : directory.length + 1))
        assert.deepEqual(
          names,
          names.toSorted((a, b) => (a < b ? -1 : 1)),
        )
        assert(names.every((name) => name !== '' && !name.includes('/')))
        for (const child of children) {
          if (isDirectory(child)) visit(child.path)
          else seen.push(child.path)
        }
      }
      visit('')
      assert.deepEqual(seen.toSorted(), [...tree.files, ...tree.links].map(({ path }) => path).toSorted())
    }),
    { ...FUZZ, numRuns: 500 },
  )
})

test('the bytes do not depend on the order of discovery', () => {
  const shuffled = anyTree.chain((tree) =>
    fc.record({
      tree: fc.constant(tree),
      files: fc.shuffledSubarray([...tree.files], { minLength: tree.files.length }),
      links: fc.shuffledSubarray([...tree.links], { minLength: tree.links.length }),
    }),
  )
  fc.assert(
    fc.property(shuffled, ({ tree, files, links }) => {
      assert(pack(tree).equals(pack({ files, links })))
    }),
    { ...FUZZ, numRuns: 500 },
  )
})

/** l0 -> l1 -> … -> end */
function chain(length: number): RandomTree {
  const links = Array.from({ length }, (_, i) => ({
    path: `l${i}`,
    target: i === length - 1 ? 'end' : `l${i + 1}`,
  }))
  return { files: [{ path: 'end', data: Buffer.from('!') }], links }
}

test('40 links are followed, the 41st is ELOOP, as in Linux', () => {
  assert.deepEqual(outcomeOf(open(pack(chain(40))), 'l0', true), { path: 'end', kind: 'file' })
  assert.equal(outcomeOf(open(pack(chain(41))), 'l0', true), 'ELOOP')
  assert.deepEqual(outcomeOf(open(pack(chain(41))), 'l0', false), { path: 'l0', kind: 'link' })
})

const tree = (links: Record<string, string>): RandomTree => ({
  files: ['x', 'a/x', 'a/b/x', 'c/d/x'].map((path) => ({ path, data: Buffer.from(path) })),
  links: Object.entries(links).map(([path, target]) => ({ path, target })),
})

for (const [name, links, path] of [
  ['a link to itself', { l: 'l' }, 'l'],
  ['a link to itself, and on', { l: 'l' }, 'l/x'],
  ['two links in a circle', { l: 'a/m', 'a/m': '../l' }, 'l/x'],
  ['a link that grows', { l: 'l/x' }, 'l'],
  ['a link to the directory it is in', { 'a/l': '.' }, 'a/l/l/b/x'],
  ['a link to a link to a directory', { l: 'm', m: 'a/b' }, 'l/x'],
  ['a link to a file, as a directory', { l: 'x' }, 'l/x'],
  ['a link to nothing', { l: 'nothing' }, 'l'],
  ['a link to the root', { 'a/l': '..' }, 'a/l'],
  ['what lies behind a link to the root', { 'a/l': '..' }, 'a/l/x'],
  ['a package that links to itself', { 'a/l': '..' }, 'a/l/a/b/x'],
  ['".." behind a link, which is not the link’s own parent', { l: 'c/d', m: 'l/../d/x' }, 'm'],
  ['".." behind a file', { m: 'x/../a/x' }, 'm'],
  ['a link whose target is called ENOENT', { l: 'ENOENT', ENOENT: 'a/x' }, 'l'],
] as const) {
  test(`${name} resolves as in Linux`, () => {
    for (const followLast of [true, false]) {
      assert.deepEqual(
        outcomeOf(open(pack(tree(links))), path, followLast),
        expected(tree(links), path, followLast),
      )
    }
  })
}

/** Everything that a program can ask. It may throw whatever it likes, but it has to end. */
function useAll(bytes: Uint8Array): void {
  const attempts = (archive: Archive) => [
    () => archive.manifest,
    ...['', 'x', 'a', 'a/b/x', 'l', 'l/x', 'missing', 'a/missing'].flatMap((path) => [
      () => archive.resolve(path, true),
      () => {
        const entry = archive.find(path)
        if (!entry) return
        archive.data(entry)
        archive.text(entry)
        archive.code(entry)
        archive.codeCache(entry)
        let count = 0
        for (const _ of archive.children(entry))
          if (++count > bytes.length) assert.fail('more children than bytes')
      },
    ]),
  ]
  bounded(() => {
    const archive = refusedOr(() => open(bytes))
    if (archive) for (const attempt of attempts(archive)) refusedOr(attempt)
  })
}

function refusedOr<T>(run: () => T): T | undefined {
  try {
    return run()
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error
    assert(error instanceof Error)
    return undefined
  }
}

const SMALL = pack(tree({ l: 'a/b', loop: 'loop' }))

test('an archive with damaged entries, paths or data is never read without end', () => {
  const { entriesOffset } = ArchiveHeader.read(new DataView(new Uint8Array(SMALL).buffer), 0)
  fc.assert(
    fc.property(mutations(SMALL.length - entriesOffset, 6), (changes) => {
      const bytes = Buffer.from(SMALL)
      mutate(bytes.subarray(entriesOffset), changes)
      useAll(bytes)
    }),
    FUZZ,
  )
})

test('an archive of any shorter length is never read without end', () => {
  for (let size = 0; size < SMALL.length; size += size < 200 ? 1 : 17) useAll(SMALL.subarray(0, size))
})

const header = ArchiveHeader.read(new DataView(new Uint8Array(SMALL).buffer), 0)

for (const [name, change] of [
  [
    'whose buckets are all taken',
    (bytes: Buffer) => bytes.fill(1, header.bucketsOffset, header.entriesOffset),
  ],
  [
    'whose buckets all hold the root',
    (bytes: Buffer) => {
      for (let i = 0; i < header.bucketCount; i++) bytes.writeUInt32LE(1, header.bucketsOffset + 4 * i)
    },
  ],
  ['of one bucket', (bytes: Buffer) => bytes.writeUInt32LE(1, ArchiveHeader.offsetOf('bucketCount'))],
  ['of no bucket', (bytes: Buffer) => bytes.writeUInt32LE(0, ArchiveHeader.offsetOf('bucketCount'))],
  [
    'of 2^32 - 1 buckets',
    (bytes: Buffer) => bytes.writeUInt32LE(2 ** 32 - 1, ArchiveHeader.offsetOf('bucketCount')),
  ],
] as const) {
  test(`an archive ${name} is not searched for ever`, { timeout: 60_000 }, () => {
    const bytes = Buffer.from(SMALL)
    change(bytes)
    useAll(bytes)
  })
}
