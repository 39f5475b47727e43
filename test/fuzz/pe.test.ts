// Whatever the bytes: a parsed file that lies inside its bytes, an executable that is sound, or a BuildError that names
// a byte.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { BuildError } from '../../src/base/diagnostics.ts'
import { assemble, linkSynthetic } from '../../src/image/pe/assembled.fixture.ts'
import { findProgram } from '../../src/image/pe/find.ts'
import { readPe, sectionBytes, type PeFile } from '../../src/image/pe/read.ts'
import { readResources, writeResources } from '../../src/image/pe/resources.ts'
import { AT, HEADERS_SIZE, makePe } from '../../src/image/pe/synthetic.fixture.ts'
import { locateAssets } from '../../src/image/sea.ts'
import { FUZZ, mutate, mutations, resultOrRefusal } from './mutation.ts'

const TABLE_END = AT.sections + 4 * 40

function assertInside({ bytes, sections, directories, optional }: PeFile): void {
  let end = 0
  for (const { address, memorySize, fileOffset, fileSize } of sections) {
    assert(fileSize === 0 || fileOffset + fileSize <= bytes.length, 'a section leaves the file')
    assert(address >= end && memorySize > 0, 'a section overlaps the one before it')
    end = address + memorySize
  }
  assert(end <= optional.imageSize && optional.imageSize <= 2 ** 31)
  directories.forEach(({ address, size }, i) =>
    assert(size === 0 || address + size <= (i === 4 ? bytes.length : optional.imageSize)),
  )
}

function read(bytes: Uint8Array): PeFile | BuildError {
  const result = resultOrRefusal(() => readPe(bytes, 'fuzzed'))
  if (!(result instanceof BuildError)) assertInside(result)
  else assert(result.at!.offset! <= Math.max(bytes.length, 64), 'the offset leaves the file')
  return result
}

test('a node whose headers are damaged is parsed and linked to something sound, or refused', () => {
  let accepted = 0
  fc.assert(
    fc.property(mutations(TABLE_END), (changes) => {
      const bytes = makePe()
      mutate(bytes, changes)
      if (read(bytes) instanceof BuildError) return
      const linked = resultOrRefusal(() => assemble(linkSynthetic(bytes)))
      if (linked instanceof BuildError) {
        assert(linked.at!.offset! <= bytes.length)
        return
      }
      accepted++
      assertInside(readPe(linked, 'linked'))
      findProgram((offset, size) => linked.subarray(offset, offset + size), 'linked', linked.length)
    }),
    FUZZ,
  )
  assert(accepted > FUZZ.numRuns / 50, 'the damage leaves something to accept, so both ways are tried')
})

test('a node of any shorter length is parsed or refused', () => {
  const bytes = makePe()
  for (let size = 0; size <= bytes.length; size += size < HEADERS_SIZE ? 1 : 13) read(bytes.subarray(0, size))
})

test('a node whose resources are damaged is linked or refused', () => {
  const image = readPe(makePe(), 'sound')
  const { fileOffset } = image.sections[2]!
  fc.assert(
    fc.property(mutations(0x100), (changes) => {
      const bytes = makePe()
      mutate(bytes.subarray(fileOffset), changes)
      const linked = resultOrRefusal(() => linkSynthetic(bytes))
      if (linked instanceof BuildError)
        assert(linked.at!.offset! >= fileOffset && linked.at!.offset! <= bytes.length)
    }),
    FUZZ,
  )
})

test('a damaged executable is found to be one, to be none, or to be damaged', () => {
  const sound = assemble(linkSynthetic(makePe()))
  const readAt = (bytes: Buffer) => (offset: number, size: number) => bytes.subarray(offset, offset + size)
  const { blob } = findProgram(readAt(sound), 'sound', sound.length)
  for (const [start, size] of [
    [0, TABLE_END],
    [blob.fileOffset, 200],
  ] as const) {
    fc.assert(
      fc.property(mutations(size), (changes) => {
        const bytes = Buffer.from(sound)
        mutate(bytes.subarray(start), changes)
        const found = resultOrRefusal(() => findProgram(readAt(bytes), 'fuzzed', bytes.length))
        if (found instanceof BuildError) return
        for (const place of locateAssets(readAt(bytes), found.blob)?.values() ?? [])
          assert(place.fileOffset + place.size <= bytes.length, 'an asset leaves the file')
      }),
      FUZZ,
    )
  }
})

const name = fc.oneof(fc.nat(0xffff), fc.string({ minLength: 1, maxLength: 12 }))
const resource = fc.record(
  {
    type: name,
    name,
    language: fc.nat(0xffff),
    address: fc.nat(),
    size: fc.nat(),
    codepage: fc.nat(0xffff),
  },
  { noNullPrototype: true },
)
const keyOf = ({
  type,
  name,
  language,
}: {
  type: string | number
  name: string | number
  language: number
}) => JSON.stringify([type, name, language])

test('resources are read as they were written', () => {
  fc.assert(
    fc.property(fc.uniqueArray(resource, { selector: keyOf, maxLength: 40 }), (resources) => {
      const tables = writeResources(resources)
      const sorted = (list: typeof resources) => list.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
      assert.deepEqual(sorted(readResources(tables, { file: 'tables', offset: 0 })), sorted(resources))
    }),
    FUZZ,
  )
})

test('sections keep their bytes', () => {
  const node = readPe(makePe(), 'node')
  const linked = readPe(assemble(linkSynthetic(makePe())), 'linked')
  const [text] = node.sections
  assert.deepEqual(sectionBytes(linked, linked.sections[0]!), sectionBytes(node, text!))
})
