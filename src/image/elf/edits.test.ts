import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { ARM64 } from './arm64.ts'
import { loadsOf } from './check.ts'
import { PF_R, PF_W, PF_X } from './constants.ts'
import { editNode, headersFor, NO_EDITS, type NodeEdits } from './edits.ts'
import { readElf, type ElfFile } from './read.ts'
import { makeElf } from './synthetic.fixture.ts'
import { X64 } from './x64.ts'

const BASE = 0x40_0000
/** Of each segment's part in the file. */
const SIZE = 0x8_0000
const NOTE = 4

/** Constants, code and data of 512 kB each, and a note in the data. */
function makeLarge(machine = X64): ElfFile {
  const at = (i: number) => ({
    fileOffset: i * SIZE,
    virtualAddress: BASE + i * SIZE,
    fileSize: SIZE - 0x100,
  })
  const bytes = makeElf({
    machine,
    size: 3 * SIZE + 0x100,
    segments: [
      at(0),
      { ...at(1), flags: PF_R | PF_X },
      { ...at(2), flags: PF_R | PF_W, memorySize: SIZE + 0x1234 },
      {
        type: NOTE,
        fileOffset: 2 * SIZE + 0x40,
        virtualAddress: BASE + 2 * SIZE + 0x40,
        fileSize: 0x20,
      },
    ],
  })
  return readElf(bytes, 'node')
}

/** Each page that a kernel maps, by address. */
function mapped(elf: Pick<ElfFile, 'programHeaders'>, bytes: Uint8Array, pageSize: number) {
  const pages = new Map<number, string>()
  for (const { virtualAddress, fileOffset, fileSize } of loadsOf(elf)) {
    assert.equal(virtualAddress % pageSize, fileOffset % pageSize, 'it cannot be mapped')
    for (let at = 0; at < fileSize; at += pageSize) {
      const page = bytes.subarray(fileOffset + at, fileOffset + Math.min(at + pageSize, fileSize))
      pages.set(virtualAddress + at, Buffer.from(page).toString('latin1'))
    }
  }
  return pages
}

for (const machine of [X64, ARM64]) {
  const { pageSize } = machine
  suite(machine.name, () => {
    const node = makeLarge(machine)
    const before = mapped(node, node.bytes, pageSize)
    const code = BASE + SIZE
    const data = code + SIZE
    const table: Record<string, NodeEdits['cuts']> = {
      nothing: [],
      'in the middle': [{ start: code + pageSize, end: code + 3 * pageSize }],
      'not whole pages': [{ start: code + pageSize - 1, end: code + 3 * pageSize + 1 }],
      'less than a page': [{ start: code + 1, end: code + pageSize - 1 }],
      'at the beginning of a segment': [{ start: code, end: code + pageSize }],
      'up to the last whole page': [{ start: code + pageSize, end: code + SIZE - 0x100 }],
      'some, in any order': [
        { start: data + 2 * pageSize, end: data + 4 * pageSize },
        { start: BASE + 4 * pageSize + 0x2_0000, end: BASE + 5 * pageSize + 0x2_0000 },
        { start: code + pageSize, end: code + 2 * pageSize },
        { start: code + 3 * pageSize, end: code + 4 * pageSize },
      ],
    }
    for (const [name, cuts] of Object.entries(table)) {
      test(`cut: ${name}`, () => {
        const edited = editNode(node, { patches: [], cuts })
        const bytes = edited.emit(node.bytes)
        const after = mapped(edited, bytes, pageSize)
        const isCut = (page: number) => cuts.some((it) => page >= it.start && page + pageSize <= it.end)
        const kept = [...before].filter(([page]) => !isCut(page))
        assert.deepEqual([...after], kept)
        assert.equal(node.bytes.length - bytes.length, (before.size - kept.length) * pageSize)
        const note = edited.programHeaders.find(({ type }) => type === NOTE)!
        const original = node.programHeaders.find(({ type }) => type === NOTE)!
        assert.deepEqual(
          bytes.subarray(note.fileOffset, note.fileOffset + note.fileSize),
          new Uint8Array(node.bytes).subarray(original.fileOffset, original.fileOffset + original.fileSize),
        )
        // Zeros behind the file's part stay where they are.
        const end = ({ programHeaders }: Pick<ElfFile, 'programHeaders'>) =>
          Math.max(...loadsOf({ programHeaders }).map((it) => it.virtualAddress + it.memorySize))
        assert.equal(end(edited), end(node))
      })
    }

    test('what may be read where it is cut is zeros, beside others too', () => {
      const cuts = [
        { start: code + pageSize, end: code + 3 * pageSize, isRead: true },
        { start: code + 3 * pageSize, end: code + 4 * pageSize },
      ]
      const edits = { patches: [], cuts }
      const edited = editNode(node, edits)
      const kept = [...before].filter(([page]) => page < cuts[0]!.start || page >= cuts[1]!.end)
      assert.deepEqual([...mapped(edited, edited.emit(node.bytes), pageSize)], kept)
      const zeros = loadsOf(edited).filter(({ fileSize }) => fileSize === 0)
      assert.deepEqual(
        zeros.map(({ virtualAddress, memorySize }) => [virtualAddress, memorySize]),
        [[code + pageSize, 2 * pageSize]],
      )
      const offsets = loadsOf(edited).map(({ fileOffset }) => fileOffset)
      assert.deepEqual(
        offsets,
        offsets.toSorted((a, b) => a - b),
      )
      assert(edited.programHeaders.length - node.programHeaders.length <= headersFor(edits))
    })

    test('a shorter header may lead to less than what is cut', () => {
      const note = data + 0x40
      const cuts = [{ start: data + pageSize, end: data + 2 * pageSize }]
      const long = {
        ...node,
        programHeaders: node.programHeaders.map((it) =>
          it.type === NOTE ? { ...it, fileSize: pageSize } : it,
        ),
      }
      assert.throws(() => editNode(long, { patches: [], cuts }), /a program header leads to/)
      const edited = editNode(long, { patches: [], cuts, shortened: new Map([[NOTE, 8]]) })
      const { virtualAddress, fileSize, memorySize } = edited.programHeaders.find(
        ({ type }) => type === NOTE,
      )!
      assert.deepEqual([virtualAddress, fileSize, memorySize], [note, 8, 8])
    })

    test('what is replaced lies at its address, behind a cut too', () => {
      const patch = { address: data + 2 * pageSize + 5, bytes: Buffer.from('another one') }
      const cuts = [{ start: code + pageSize, end: code + 2 * pageSize }]
      const { programHeaders, emit } = editNode(node, { patches: [patch], cuts })
      const page = mapped({ programHeaders }, emit(node.bytes), pageSize).get(data + 2 * pageSize)
      assert.equal(page?.slice(5, 16), 'another one')
    })
  })
}

test('no edits change nothing', () => {
  const node = makeLarge()
  const { programHeaders, emit } = editNode(node, NO_EDITS)
  assert.deepEqual(programHeaders, node.programHeaders)
  assert.deepEqual(emit(node.bytes), new Uint8Array(node.bytes))
})

const refused: Record<string, NodeEdits['cuts']> = {
  'at its beginning': [{ start: BASE + 0x1000, end: BASE + 0x3000 }],
  'in two segments': [{ start: BASE + SIZE - 0x2000, end: BASE + SIZE + 0x2000 }],
  'two ranges that are to be cut overlap': [
    { start: BASE + SIZE, end: BASE + SIZE + 0x3000 },
    { start: BASE + SIZE + 0x2000, end: BASE + SIZE + 0x4000 },
  ],
  'a program header leads to what is to be cut': [{ start: BASE + 2 * SIZE, end: BASE + 2 * SIZE + 0x1000 }],
}
for (const [why, cuts] of Object.entries(refused)) {
  test(`refused: ${why}`, () => {
    const place = { name: 'BuildError', message: new RegExp(why) }
    assert.throws(() => editNode(makeLarge(), { patches: [], cuts }), place)
  })
}
