// The image that the linker makes of tiny inputs, as text that a person can check and a hash over
// all bytes. After a change that is meant: node --test --test-update-snapshots, and read the difference.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test, type TestContext } from 'node:test'

import { planAppend } from '../../src/image/append.ts'
import { linkBaseImage } from '../../src/image/elf/base-image.ts'
import { readLauncher } from '../../src/image/elf/launcher.ts'
import * as layout from '../../src/image/elf/layout.ts'
import { ARM64 } from '../../src/image/elf/arm64.ts'
import { readElf } from '../../src/image/elf/read.ts'
import { FileHeader, IDENT_SIZE, NoteHeader, ProgramHeader } from '../../src/image/elf/structs.ts'
import { FUSE, makeBlob, makeLauncher, makeLoader, makeNode, SYMBOLS } from '../../src/image/elf/synthetic.fixture.ts'
import { X64 } from '../../src/image/elf/x64.ts'
import { readSeaBlob } from '../../src/image/sea.ts'

const PAYLOAD = Buffer.alloc(0x1234, 'payload ')

function link(machine = X64) {
  const linked = linkBaseImage({
    node: readElf(makeNode(machine), 'node'),
    loader: readElf(makeLoader(machine), 'ld.so'),
    launcher: readLauncher(makeLauncher(), 'launcher'),
    system: Buffer.alloc(0x1801, 'system '),
    blob: readSeaBlob(makeBlob({ assets: { bootstrap: 'run()', payload: '' } }), 'blob'),
  })
  const base = Buffer.alloc(linked.base.size)
  for (const { offset, bytes } of linked.chunks) base.set(bytes, offset)
  return { ...linked, bytes: base }
}

function append({ base, bytes }: ReturnType<typeof link>, payload: Uint8Array) {
  const plan = planAppend(base, payload.length)
  const file = Buffer.concat([bytes, payload, plan.tail])
  for (const patch of plan.patches) file.set(patch.bytes, patch.offset)
  return { plan, file }
}

const { chunks, base, bytes } = link()
const { plan, file } = append({ chunks, base, bytes }, PAYLOAD)

const hex = (value: number, width = 0) => `0x${value.toString(16).padStart(width, '0')}`
const sha256 = (content: Uint8Array) => createHash('sha256').update(content).digest('hex')
const snapshot = (t: TestContext, text: string) => t.assert.snapshot(text, { serializers: [String] })

const TYPES: Record<number, string> = { 1: 'LOAD', 2: 'DYNAMIC', 3: 'INTERP', 4: 'NOTE', 6: 'PHDR', 0x6474e551: 'GNU_STACK' }

function table(headers: readonly ProgramHeader[]): string {
  const flags = (bits: number) => `${bits & 4 ? 'R' : '-'}${bits & 2 ? 'W' : '-'}${bits & 1 ? 'X' : '-'}`
  const rows = headers.map((it) =>
    [
      (TYPES[it.type] ?? hex(it.type)).padEnd(9),
      flags(it.flags),
      `file ${hex(it.fileOffset, 6)} + ${hex(it.fileSize, 4)}`,
      `memory ${hex(it.virtualAddress, 9)} + ${hex(it.memorySize, 4)}`,
      `align ${hex(it.alignment)}`,
    ].join('  '),
  )
  return rows.join('\n')
}

function launchTable(content: Buffer) {
  const at = content.indexOf('NGTABL01', 0, 'latin1')
  return { at, ...layout.LaunchTable.read(new DataView(content.buffer, content.byteOffset), at) }
}

function innerHeaders(content: Buffer): ProgramHeader[] {
  const { at, programHeader, programHeaderCount } = launchTable(content)
  const view = new DataView(content.buffer, content.byteOffset)
  const start = at + programHeader - layout.LAUNCH_TABLE
  return Array.from({ length: programHeaderCount }, (_, i) => ProgramHeader.read(view, start + i * ProgramHeader.size))
}

test('outer program headers of the base, which the kernel sees', (t) => {
  snapshot(t, table(readElf(bytes, 'base').programHeaders))
})

test('outer program headers of the executable', (t) => {
  snapshot(t, table(readElf(file, 'executable').programHeaders))
})

test('outer program headers of an executable for AArch64: all on pages of 64 KiB', (t) => {
  const linked = link(ARM64)
  const { programHeaders } = readElf(append(linked, PAYLOAD).file, 'executable')
  snapshot(t, table(programHeaders))
  for (const { type, fileOffset, virtualAddress } of programHeaders)
    if (type === 1) assert.equal(fileOffset % 0x10000, virtualAddress % 0x10000)
  assert.equal(linked.base.size % 0x10000, 0, 'the payload begins on a page')
  // Nothing of node is replaced there but the header and the fuse.
  const node = makeNode(ARM64)
  const end = 4 * 0x10000 + 0x400 - 0x10000
  const fuse = node.indexOf(FUSE) + FUSE.length - 1
  node.write('1', fuse)
  assert(linked.bytes.subarray(64, end).equals(node.subarray(64, end)))
})

test('inner program headers of the executable, which ld.so and node see', (t) => {
  snapshot(t, table(innerHeaders(file)))
})

test('file header of the executable', (t) => {
  const header = FileHeader.read(new DataView(file.buffer, file.byteOffset), IDENT_SIZE)
  snapshot(t, Object.entries(header).map(([name, value]) => `${name} ${hex(value)}`).join('\n'))
})

test('launch table of the executable', (t) => {
  snapshot(t, Object.entries(launchTable(file)).map(([name, value]) => `${name} ${hex(value)}`).join('\n'))
})

test('patches of an append', (t) => {
  const rows = plan.patches.map((patch) => `${hex(patch.offset, 6)}  ${Buffer.from(patch.bytes).toString('hex')}`)
  snapshot(t, [...rows, `tail ${Buffer.from(plan.tail).toString('hex')}`, `size ${hex(plan.size)}`].join('\n'))
})

test('the bytes of base and executable', (t) => {
  snapshot(t, [`base ${bytes.length} ${sha256(bytes)}`, `executable ${file.length} ${sha256(file)}`].join('\n'))
})

test('linking twice gives the same, and leaves the inputs alone', () => {
  const inputs = [makeNode(), makeLoader(), makeLauncher(), makeBlob()] as const
  const before = inputs.map(sha256)
  const run = () =>
    linkBaseImage({
      node: readElf(inputs[0], 'node'),
      loader: readElf(inputs[1], 'ld.so'),
      launcher: readLauncher(inputs[2], 'launcher'),
      system: Buffer.alloc(10),
      blob: readSeaBlob(inputs[3], 'blob'),
    })
  assert.deepEqual(run(), run())
  assert.deepEqual(inputs.map(sha256), before)
})

test('what was mapped of node is as it was, but for the header, the fuse and one function', () => {
  const node = makeNode()
  const end = 0x4400
  const fuse = node.indexOf(FUSE) + FUSE.length - 1
  assert.equal(file.subarray(fuse, fuse + 1).toString(), '1')
  const expected = Buffer.from(node.subarray(0, end))
  file.copy(expected, 0, 0, 64)
  expected[fuse] = '1'.charCodeAt(0)
  const { forkId } = readLauncher(makeLauncher(), 'launcher')
  expected.set(X64.jumpTo(forkId), 0x2800) // openssl_get_fork_id
  assert(file.subarray(0, end).equals(expected))
  // Section headers and symbols are gone.
  assert(node.includes(SYMBOLS) && !file.includes(SYMBOLS))
})

test('the note that node looks for holds a blob that holds the payload, on a page', () => {
  const note = innerHeaders(file).at(-1)!
  const header = NoteHeader.read(new DataView(file.buffer, file.byteOffset), note.fileOffset)
  const name = note.fileOffset + NoteHeader.size
  assert.equal(file.toString('latin1', name, name + header.nameSize), 'NODE_SEA_BLOB\0')
  const start = name + 16
  assert.equal(start + header.descriptorSize, file.length)
  assert.equal(note.fileOffset + note.fileSize, file.length)
  const blob = file.subarray(start)
  readSeaBlob(blob, 'again')

  const { payloadFileOffset, payloadSize, payloadAddress } = launchTable(file)
  assert.deepEqual(file.subarray(payloadFileOffset, payloadFileOffset + payloadSize), PAYLOAD)
  assert.equal(payloadFileOffset % 4096, 0)
  assert.equal(payloadAddress - note.virtualAddress, payloadFileOffset - note.fileOffset)
})

for (const size of [0, 1, 4095, 4096, 4097, 5_000_000]) {
  test(`a payload of ${size} bytes gives a sound file of the size that was planned`, () => {
    const appended = append({ chunks, base, bytes }, Buffer.alloc(size))
    assert.equal(appended.file.length, appended.plan.size)
    readElf(appended.file, 'executable')
    assert.equal(launchTable(appended.file).payloadSize, size)
    readSeaBlob(appended.file.subarray(innerHeaders(appended.file).at(-1)!.fileOffset + 28), 'blob')
  })
}

test('a payload that a note cannot hold is refused, and the largest that it can is not', () => {
  const limit = 2 ** 32 - 2 ** 24
  assert.throws(() => planAppend(base, limit + 1), { code: 'PAYLOAD_TOO_LARGE' })
  assert.equal(planAppend(base, limit).size, base.size + limit + plan.tail.length)
})

for (const [name, change, code, offset] of [
  ['position independent', (node: Buffer) => node.writeUInt16LE(3, 16), 'IMAGE_NOT_NODE', 16],
  ['without a fuse', (node: Buffer) => node.write('x', 0x3100), 'IMAGE_NOT_NODE', 0],
  ['with another program already', (node: Buffer) => node.write('1', 0x3100 + FUSE.length - 1), 'IMAGE_NOT_NODE', 0],
  ['whose entry is data', (node: Buffer) => node.writeBigUInt64LE(0x403000n, 24), 'IMAGE_NOT_NODE', 24],
  ['with writable code', (node: Buffer) => node.writeUInt32LE(7, 64 + 3 * 56 + 4), 'IMAGE_NOT_NODE', 64 + 3 * 56 + 4],
  [
    'that reaches into the launcher',
    (node: Buffer) => node.writeBigUInt64LE(0x10000000n, 64 + 5 * 56 + 40),
    'IMAGE_NOT_NODE',
    64 + 5 * 56 + 40,
  ],
] as const) {
  test(`a node ${name} is refused at byte 0x${offset.toString(16)}`, () => {
    const node = makeNode()
    change(node)
    const inputs = {
      node: readElf(node, 'node'),
      loader: readElf(makeLoader(), 'ld.so'),
      launcher: readLauncher(makeLauncher(), 'launcher'),
      system: Buffer.alloc(10),
      blob: readSeaBlob(makeBlob(), 'blob'),
    }
    assert.throws(() => linkBaseImage(inputs), { code, at: { file: 'node', offset } })
  })
}
