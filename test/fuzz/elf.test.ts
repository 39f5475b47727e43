// Whatever the bytes: a parsed file that lies inside its bytes, an image with sound segments, or a
// BuildError that names a byte.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import fc from 'fast-check'

import { BuildError } from '../../src/base/diagnostics.ts'
import { linkBaseImage } from '../../src/image/elf/base-image.ts'
import { readLauncher } from '../../src/image/elf/launcher.ts'
import { readElf, type ElfFile } from '../../src/image/elf/read.ts'
import { FileHeader, IDENT_SIZE, ProgramHeader } from '../../src/image/elf/structs.ts'
import { makeBlob, makeLauncher, makeLoader, makeNode } from '../../src/image/elf/synthetic.fixture.ts'
import { readSeaBlob } from '../../src/image/sea.ts'
import { FUZZ, mutate, mutations, resultOrRefusal } from './mutation.ts'

function assertInside({ bytes, programHeaders }: ElfFile): void {
  let end = 0
  for (const { type, fileOffset, fileSize, virtualAddress, memorySize } of programHeaders) {
    assert(Number.isSafeInteger(fileOffset) && Number.isSafeInteger(fileSize))
    assert(fileOffset + fileSize <= bytes.length, 'a segment leaves the file')
    if (type !== 1) continue
    assert(
      virtualAddress >= end && virtualAddress + memorySize <= 2 ** 47,
      'a segment leaves its place in memory',
    )
    assert(fileSize <= memorySize)
    end = virtualAddress + memorySize
  }
  assert(end > 0 || programHeaders.some(({ type }) => type === 1))
}

function read(bytes: Uint8Array): ElfFile | BuildError {
  const result = resultOrRefusal(() => readElf(bytes, 'fuzzed'))
  if (!(result instanceof BuildError)) assertInside(result)
  else assert(result.at!.offset! <= Math.max(bytes.length, 64), 'the offset leaves the file')
  return result
}

const SYNTHETIC_HEAD = 64 + 8 * 56

test('a node whose headers are damaged parses to segments inside it, or is refused', () => {
  let accepted = 0
  fc.assert(
    fc.property(mutations(SYNTHETIC_HEAD), (changes) => {
      const bytes = makeNode()
      mutate(bytes, changes)
      if (!(read(bytes) instanceof BuildError)) accepted++
    }),
    FUZZ,
  )
  assert(accepted > FUZZ.numRuns / 50, 'the damage leaves something to accept, so both ways are tried')
})

test('a node of any shorter length parses to segments inside it, or is refused', () => {
  const bytes = makeNode()
  for (let size = 0; size <= bytes.length; size += size < 700 ? 1 : 13) read(bytes.subarray(0, size))
})

test('any bytes behind a sound ELF identification are parsed or refused', () => {
  const head = makeNode().subarray(0, 20)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (rest) => {
      read(Buffer.concat([head, rest]))
    }),
    FUZZ,
  )
})

const isLinuxX64 = process.platform === 'linux' && process.arch === 'x64'

test('the real node with damaged headers is parsed or refused', { skip: !isLinuxX64 }, () => {
  const bytes = readFileSync(process.execPath)
  const head = FileHeader.read(new DataView(bytes.buffer, bytes.byteOffset), IDENT_SIZE)
  const size = head.programHeaderOffset + head.programHeaderCount * ProgramHeader.size
  fc.assert(
    fc.property(mutations(size), fc.option(fc.nat(bytes.length)), (changes, length) => {
      const undo = mutate(bytes, changes)
      try {
        read(length === null ? bytes : bytes.subarray(0, length))
      } finally {
        undo()
      }
    }),
    FUZZ,
  )
})

test('65,535 program headers are read or refused in time', { skip: !isLinuxX64 }, () => {
  const bytes = readFileSync(process.execPath)
  bytes.writeUInt16LE(0xffff, IDENT_SIZE + FileHeader.offsetOf('programHeaderCount'))
  read(bytes)
  // All of them empty, and of no known type but the first.
  const empty = Buffer.alloc(64 + 0xffff * 56 + 0x1000)
  makeNode().copy(empty, 0, 0, 64)
  empty.writeUInt16LE(0xffff, IDENT_SIZE + FileHeader.offsetOf('programHeaderCount'))
  empty.writeUInt32LE(1, 64)
  const many = read(empty)
  assert(!(many instanceof BuildError))
  const refused = resultOrRefusal(() => linkBaseImage({ ...soundInputs(), node: many }))
  assert(refused instanceof BuildError)
  assert.equal(refused.code, 'IMAGE_NOT_NODE')
})

function soundInputs() {
  return {
    node: readElf(makeNode(), 'node'),
    loader: readElf(makeLoader(), 'ld.so'),
    launcher: readLauncher(makeLauncher(), 'launcher'),
    system: Buffer.alloc(5000, 's'),
    blob: readSeaBlob(makeBlob(), 'blob'),
  }
}

/** What the kernel is shown: the table that the file header names. */
function outerHeadersOf(
  chunks: readonly { offset: number; bytes: Uint8Array }[],
  size: number,
): ProgramHeader[] {
  const file = Buffer.alloc(size)
  for (const { offset, bytes } of chunks) file.set(bytes, offset)
  return readElf(file, 'linked').programHeaders.slice()
}

function assertSoundImage(inputs: Parameters<typeof linkBaseImage>[0]): boolean {
  const linked = resultOrRefusal(() => linkBaseImage(inputs))
  if (linked instanceof BuildError) return false
  let end = 0
  for (const { offset, bytes } of linked.chunks) {
    assert(offset >= end, 'two chunks overlap')
    end = offset + bytes.length
  }
  assert.equal(end, linked.base.size)
  for (const { offset, width } of linked.base.slots) assert(offset + width <= linked.base.size)

  let pages = 0
  for (const { type, flags, virtualAddress, memorySize } of outerHeadersOf(linked.chunks, linked.base.size)) {
    assert(type <= 1 || type === 0x6474e551, `the kernel sees a segment of type ${type}`)
    if (type !== 1) continue
    assert((flags & 3) !== 3, 'a segment is writable and executable')
    assert(Math.floor(virtualAddress / 4096) >= pages, 'two segments share a page')
    pages = Math.ceil((virtualAddress + memorySize) / 4096)
  }
  return true
}

for (const [name, make, field] of [
  ['node', makeNode, 'node'],
  ['ld.so', makeLoader, 'loader'],
] as const) {
  test(`a damaged ${name} is linked into a sound image, or refused`, () => {
    let linked = 0
    const inputs = soundInputs()
    fc.assert(
      fc.property(mutations(SYNTHETIC_HEAD, 3), (changes) => {
        const bytes = make()
        mutate(bytes, changes)
        const elf = read(bytes)
        if (!(elf instanceof BuildError) && assertSoundImage({ ...inputs, [field]: elf })) linked++
      }),
      FUZZ,
    )
    assert(linked > FUZZ.numRuns / 100, `only ${linked} of the damaged files are still linked`)
  })
}

test('a damaged launcher is linked into a sound image, or refused', () => {
  const inputs = soundInputs()
  fc.assert(
    fc.property(mutations(104, 2), (changes) => {
      const bytes = makeLauncher()
      mutate(bytes, changes)
      const launcher = resultOrRefusal(() => readLauncher(bytes, 'launcher'))
      if (!(launcher instanceof BuildError)) assertSoundImage({ ...inputs, launcher })
    }),
    FUZZ,
  )
})
