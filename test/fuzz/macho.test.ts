// Whatever the bytes: a parsed file that lies inside its bytes, an executable whose tables do and whose pages have
// their hashes, or a BuildError that names a byte.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { BuildError } from '../../src/base/diagnostics.ts'
import { makeBlob } from '../../src/image/elf/synthetic.fixture.ts'
import { assemble, sourceOf } from '../../src/image/macho/assembled.fixture.ts'
import { linkMachO, type LinkedMachO } from '../../src/image/macho/link.ts'
import { findChanges, readSignature } from '../../src/image/macho/read-signature.ts'
import { readMachO, takesNoRoom, type MachOFile } from '../../src/image/macho/read.ts'
import { makeMachO } from '../../src/image/macho/synthetic.fixture.ts'
import { readSeaBlob } from '../../src/image/sea.ts'
import { FUZZ, mutate, mutations, resultOrRefusal } from './mutation.ts'

const blob = readSeaBlob(makeBlob(), 'blob')
const node = makeMachO({ hasSignature: true })
const COMMANDS_END = 32 + readMachO(node, 'node').header.commandsSize
const LINKEDIT_START = 0x8000

function assertInside({ bytes, segments, tables }: MachOFile): void {
  let addressEnd = 0
  for (const { fileOffset, fileSize, virtualAddress, memorySize, sections } of segments) {
    assert(fileOffset + fileSize <= bytes.length, 'a segment leaves the file')
    assert(virtualAddress >= addressEnd && virtualAddress + memorySize <= 2 ** 47)
    assert(fileSize <= memorySize)
    addressEnd = virtualAddress + memorySize
    for (const section of sections) {
      if (!takesNoRoom(section)) assert(section.fileOffset + section.size <= fileOffset + fileSize)
    }
  }
  for (const { fileOffset, size, what } of tables)
    assert(size === 0 || fileOffset + size <= bytes.length, `the ${what} leaves the file`)
}

function read(bytes: Uint8Array): MachOFile | BuildError {
  const result = resultOrRefusal(() => readMachO(bytes, 'fuzzed'))
  if (!(result instanceof BuildError)) assertInside(result)
  else assert(result.at!.offset! <= Math.max(bytes.length, 32), 'the offset leaves the file')
  return result
}

test('a Mach-O file whose load commands are damaged parses to what is inside it, or is refused', () => {
  let accepted = 0
  fc.assert(
    fc.property(mutations(COMMANDS_END), (changes) => {
      const bytes = Buffer.from(node)
      mutate(bytes, changes)
      if (!(read(bytes) instanceof BuildError)) accepted++
    }),
    FUZZ,
  )
  assert(accepted > FUZZ.numRuns / 50, 'the damage leaves something to accept, so both ways are tried')
})

test('a Mach-O file of any shorter length parses to what is inside it, or is refused', () => {
  for (let size = 0; size <= node.length; size += size < 1200 ? 1 : 13) read(node.subarray(0, size))
})

test('any bytes behind a sound Mach-O header are parsed or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (rest) => {
      read(Buffer.concat([node.subarray(0, 32), rest]))
    }),
    FUZZ,
  )
})

function link(bytes: Uint8Array): LinkedMachO | BuildError {
  return resultOrRefusal(() => linkMachO({ node: readMachO(bytes, 'fuzzed'), blob }))
}

test('a node whose commands or tables are damaged is linked into a sound executable, or refused', () => {
  let linked = 0
  const tables = mutations(node.length - LINKEDIT_START, 3).map((changes) =>
    changes.map((change) => ({ ...change, offset: change.offset + LINKEDIT_START })),
  )
  fc.assert(
    fc.property(fc.oneof(mutations(COMMANDS_END, 3), tables), (changes) => {
      const bytes = Buffer.from(node)
      mutate(bytes, changes)
      const result = link(bytes)
      if (result instanceof BuildError) return
      linked++
      const file = assemble(result, { payload: Buffer.alloc(5000, 'p') })
      assertInside(readMachO(file, 'linked'))
      assert.deepEqual(findChanges(sourceOf(file), readSignature(sourceOf(file))), [])
      assert.equal(readMachO(file, 'linked').segments.at(-1)!.name, '__LINKEDIT')
    }),
    FUZZ,
  )
  assert(linked > FUZZ.numRuns / 50, `only ${linked} of the damaged files are still linked`)
})

test('damage to a signed executable is found, or refused at a byte', () => {
  const linked = link(node)
  assert(!(linked instanceof BuildError))
  const sound = assemble(linked, { payload: Buffer.alloc(5000, 'p') })
  const { offset, size, cdHash } = readSignature(sourceOf(sound))
  const changed = fc.oneof(
    mutations(sound.length, 2),
    mutations(size, 2).map((changes) =>
      changes.map((change) => ({ ...change, offset: change.offset + offset })),
    ),
  )
  fc.assert(
    fc.property(changed, (changes) => {
      const bytes = Buffer.from(sound)
      mutate(bytes, changes)
      if (bytes.equals(sound)) return
      const found = resultOrRefusal(() => findChanges(sourceOf(bytes), readSignature(sourceOf(bytes))))
      if (found instanceof BuildError) return
      const isAnother = readSignature(sourceOf(bytes)).cdHash !== cdHash
      assert(found.length > 0 || isAnother, 'some damage is not found')
    }),
    FUZZ,
  )
})
