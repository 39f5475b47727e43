import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'

import { temporaryDirectory } from '../../../test/support/temporary.ts'
import { HOST } from '../../base/targets.ts'
import { PT_GNU_EH_FRAME } from './constants.ts'
import { editNode, NO_EDITS } from './edits.ts'
import { readElf, type ElfFile } from './read.ts'
import { FileHeader, IDENT_SIZE, ProgramHeader } from './structs.ts'
import { makeElf } from './synthetic.fixture.ts'
import { withoutUnwinding } from './unwinding.ts'
import { viewOf } from '../../base/bytes.ts'

const BASE = 0x40_0000
const HEADER_AT = 0x2_0100
const FRAMES_AT = 0x2_0120
const FRAME_SIZE = 0xfffc
const SIZE = 0x6_0000

/** An index of one entry, and two frames behind it. */
function makeWith(change: (bytes: Buffer) => void = () => {}): ElfFile {
  const bytes = makeElf({
    size: SIZE,
    segments: [
      { fileOffset: 0, virtualAddress: BASE, fileSize: SIZE },
      {
        type: PT_GNU_EH_FRAME,
        fileOffset: HEADER_AT,
        virtualAddress: BASE + HEADER_AT,
        fileSize: FRAMES_AT - HEADER_AT - 4,
      },
    ],
  })
  bytes.set([1, 0x1b, 3, 0x3b], HEADER_AT)
  bytes.writeInt32LE(FRAMES_AT - HEADER_AT - 4, HEADER_AT + 4)
  bytes.writeUInt32LE(1, HEADER_AT + 8)
  bytes.writeUInt32LE(FRAME_SIZE, FRAMES_AT)
  bytes.writeUInt32LE(FRAME_SIZE, FRAMES_AT + 4 + FRAME_SIZE)
  bytes.writeUInt32LE(0, FRAMES_AT + 2 * (4 + FRAME_SIZE))
  change(bytes)
  return readElf(bytes, 'node')
}

test('the index is empty, and the frames are not there', () => {
  const node = makeWith()
  const { patches, cuts, shortened } = withoutUnwinding(node)
  const end = FRAMES_AT + 2 * (4 + FRAME_SIZE) + 4
  assert.deepEqual(cuts, [{ start: BASE + HEADER_AT + 16, end: BASE + end }])
  assert.deepEqual(shortened, new Map([[PT_GNU_EH_FRAME, 16]]))
  const [empty] = patches
  assert.equal(empty?.address, BASE + HEADER_AT)
  // Frames 8 bytes from the field that says so, none of them in the index, and a record that ends them.
  assert.deepEqual([...empty.bytes], [1, 0x1b, 3, 0x3b, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
})

const unusual: Record<string, (bytes: Buffer) => void> = {
  'another version': (bytes) => bytes.writeUInt8(2, HEADER_AT),
  'another encoding': (bytes) => bytes.writeUInt8(0xff, HEADER_AT + 1),
  'frames elsewhere': (bytes) => bytes.writeInt32LE(0x1000, HEADER_AT + 4),
  'frames before it': (bytes) => bytes.writeInt32LE(-0x1000, HEADER_AT + 4),
  'frames that do not end': (bytes) => bytes.writeUInt32LE(SIZE, FRAMES_AT),
  'frames of 64 bits': (bytes) => bytes.writeUInt32LE(0xffff_ffff, FRAMES_AT),
}
for (const [name, change] of Object.entries(unusual)) {
  test(`nothing is cut: ${name}`, () => {
    assert.deepEqual(withoutUnwinding(makeWith(change)), NO_EDITS)
  })
}

suite('an official node', { skip: HOST !== 'linux-x64' }, () => {
  const directory = temporaryDirectory()
  const node = readElf(readFileSync(process.execPath), process.execPath)

  test('has six megabytes of it, and readelf reads what is left', () => {
    const edits = withoutUnwinding(node)
    const [cut] = edits.cuts
    assert(cut && cut.end - cut.start > 6e6)
    const { programHeaders, emit } = editNode(node, edits)
    const bytes = Buffer.from(emit(node.bytes))
    const table = bytes.length
    const headers = Buffer.alloc(programHeaders.length * ProgramHeader.size)
    programHeaders.forEach((it, i) => ProgramHeader.write(viewOf(headers), i * ProgramHeader.size, it))
    FileHeader.write(viewOf(bytes), IDENT_SIZE, {
      ...node.header,
      programHeaderOffset: table,
      programHeaderCount: programHeaders.length,
      sectionHeaderOffset: 0,
      sectionHeaderCount: 0,
      sectionNameIndex: 0,
    })
    const file = path.join(directory, 'node')
    writeFileSync(file, Buffer.concat([bytes, headers]))
    const { stdout, stderr, status } = spawnSync('readelf', ['-lW', file], { encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    assert.match(stdout, /GNU_EH_FRAME.* 0x000010 0x000010 R/)
  })
})
