import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

import { BuildError } from '../../base/diagnostics.ts'
import { readElf } from './read.ts'
import { FileHeader, IDENT_SIZE, ProgramHeader } from './structs.ts'
import { makeElf, makeLoader, makeNode, TABLE_OFFSET } from './synthetic.fixture.ts'

type HeaderField = Parameters<typeof FileHeader.offsetOf>[0]
type SegmentField = Parameters<typeof ProgramHeader.offsetOf>[0]

const SIZE = 0x4000
/** Program headers of the file under test: 0 and 1 are PT_LOADs, 2 is a note. */
const sound = () =>
  makeElf({
    size: SIZE,
    segments: [
      { fileOffset: 0, virtualAddress: 0x400000, fileSize: 0x1800 },
      { fileOffset: 0x2000, virtualAddress: 0x402000, fileSize: 0x1000, memorySize: 0x3000 },
      { type: 4, fileOffset: 0x200, virtualAddress: 0x400200, fileSize: 0x20, alignment: 4 },
    ],
  })

const inHeader = (field: HeaderField) => IDENT_SIZE + FileHeader.offsetOf(field)
const inSegment = (i: number, field: SegmentField) =>
  TABLE_OFFSET + i * ProgramHeader.size + ProgramHeader.offsetOf(field)
const u64 = (offset: number, value: bigint) => (bytes: Buffer) => void bytes.writeBigUInt64LE(value, offset)
const u16 = (offset: number, value: number) => (bytes: Buffer) => void bytes.writeUInt16LE(value, offset)
const u8 = (offset: number, value: number) => (bytes: Buffer) => void bytes.writeUInt8(value, offset)
const u32 = (offset: number, value: number) => (bytes: Buffer) => void bytes.writeUInt32LE(value, offset)

const MAX = 2n ** 64n - 1n

for (const [name, change, code, offset] of [
  ['no magic number', u8(0, 0), 'IMAGE_NOT_ELF', 0],
  ['half a magic number', u8(3, 0x47), 'IMAGE_NOT_ELF', 0],
  ['32 bits', u8(4, 1), 'IMAGE_WRONG_TARGET', 4],
  ['an unknown class', u8(4, 0), 'IMAGE_WRONG_TARGET', 4],
  ['big-endian', u8(5, 2), 'IMAGE_WRONG_TARGET', 5],
  ['RISC-V', u16(inHeader('machine'), 243), 'IMAGE_WRONG_TARGET', 0x12],
  ['an object file', u16(inHeader('type'), 1), 'IMAGE_WRONG_TARGET', 0x10],
  ['a core dump', u16(inHeader('type'), 4), 'IMAGE_WRONG_TARGET', 0x10],
  ['program headers of 32-bit size', u16(inHeader('programHeaderSize'), 32), 'IMAGE_MALFORMED', 0x36],
  ['program headers of size 0', u16(inHeader('programHeaderSize'), 0), 'IMAGE_MALFORMED', 0x36],
  ['no program headers', u16(inHeader('programHeaderCount'), 0), 'IMAGE_MALFORMED', 0x38],
  ['PN_XNUM program headers', u16(inHeader('programHeaderCount'), 0xffff), 'IMAGE_MALFORMED', 0x20],
  [
    'a table behind the end',
    u64(inHeader('programHeaderOffset'), BigInt(SIZE - 3 * 56 + 1)),
    'IMAGE_MALFORMED',
    0x20,
  ],
  ['a table at 2^53', u64(inHeader('programHeaderOffset'), 2n ** 53n), 'IMAGE_MALFORMED', 0x20],
  ['a table at the end of u64', u64(inHeader('programHeaderOffset'), MAX), 'IMAGE_MALFORMED', 0x20],
  ['a segment behind the end', u64(inSegment(1, 'fileOffset'), 0x3001n), 'IMAGE_MALFORMED', 0x40 + 56 + 8],
  ['a segment at the end of u64', u64(inSegment(1, 'fileOffset'), MAX), 'IMAGE_MALFORMED', 0x40 + 56 + 8],
  ['a segment too long by one', u64(inSegment(1, 'fileSize'), 0x2001n), 'IMAGE_MALFORMED', 0x40 + 56 + 8],
  ['a segment of 2^53 + 1 bytes', u64(inSegment(0, 'fileSize'), 2n ** 53n + 1n), 'IMAGE_MALFORMED', 0x40 + 8],
  [
    'a note behind the end',
    u64(inSegment(2, 'fileSize'), BigInt(SIZE)),
    'IMAGE_MALFORMED',
    0x40 + 2 * 56 + 8,
  ],
  [
    'more in the file than in memory',
    u64(inSegment(1, 'memorySize'), 0xfffn),
    'IMAGE_MALFORMED',
    0x40 + 56 + 40,
  ],
  [
    'an address of the kernel',
    u64(inSegment(1, 'virtualAddress'), 2n ** 63n),
    'IMAGE_MALFORMED',
    0x40 + 56 + 16,
  ],
  ['memory up to the kernel', u64(inSegment(1, 'memorySize'), 2n ** 47n), 'IMAGE_MALFORMED', 0x40 + 56 + 16],
  ['a physical address of 2^64 - 1', u64(inSegment(0, 'physicalAddress'), MAX), 'IMAGE_MALFORMED', 0x40 + 24],
  ['an alignment of 2^53', u64(inSegment(2, 'alignment'), 2n ** 53n), 'IMAGE_MALFORMED', 0x40 + 2 * 56 + 48],
  [
    'a note in memory beyond 2^53',
    u64(inSegment(2, 'memorySize'), MAX),
    'IMAGE_MALFORMED',
    0x40 + 2 * 56 + 40,
  ],
  [
    'segments that overlap',
    u64(inSegment(1, 'virtualAddress'), 0x401000n),
    'IMAGE_MALFORMED',
    0x40 + 56 + 16,
  ],
  [
    'segments out of order',
    u64(inSegment(1, 'virtualAddress'), 0x200000n),
    'IMAGE_MALFORMED',
    0x40 + 56 + 16,
  ],
  [
    'an offset that cannot be mapped',
    u64(inSegment(1, 'fileOffset'), 0x2008n),
    'IMAGE_MALFORMED',
    0x40 + 56 + 8,
  ],
  [
    'nothing to load',
    (bytes: Buffer) => [0, 1].forEach((i) => u32(inSegment(i, 'type'), 4)(bytes)),
    'IMAGE_MALFORMED',
    0x40,
  ],
] as const) {
  test(`an ELF file with ${name} is refused as ${code} at byte 0x${offset.toString(16)}`, () => {
    const bytes = sound()
    change(bytes)
    assert.throws(
      () => readElf(bytes, 'some.elf'),
      (error) => {
        assert(error instanceof BuildError)
        assert.deepEqual([error.code, error.at], [code, { file: 'some.elf', offset }])
        assert(error.help)
        return true
      },
    )
  })
}

for (const [size, code, offset] of [
  [0, 'IMAGE_NOT_ELF', 0],
  [3, 'IMAGE_NOT_ELF', 0],
  [4, 'IMAGE_MALFORMED', 4],
  [15, 'IMAGE_MALFORMED', 15],
  [63, 'IMAGE_MALFORMED', 63],
  [64, 'IMAGE_MALFORMED', 0x20],
  [64 + 3 * 56 - 1, 'IMAGE_MALFORMED', 0x20],
  [64 + 3 * 56, 'IMAGE_MALFORMED', 0x40 + 8],
  [0x2fff, 'IMAGE_MALFORMED', 0x40 + 56 + 8],
] as const) {
  test(`the first ${size} bytes of an ELF file are refused as ${code} at byte 0x${offset.toString(16)}`, () => {
    assert.throws(() => readElf(sound().subarray(0, size), 'cut'), { code, at: { file: 'cut', offset } })
  })
}

test('an ELF file at any place in a larger buffer is read from its own first byte', () => {
  const bytes = Buffer.concat([Buffer.alloc(13), sound()]).subarray(13)
  assert.equal(readElf(bytes, 'inner').programHeaders.length, 3)
})

test('synthetic files parse, with every field in its place', () => {
  const node = readElf(makeNode(), 'node')
  assert.equal(node.header.entry, 0x402040)
  assert.deepEqual(node.programHeaders[5], {
    type: 1,
    flags: 6,
    fileOffset: 0x3a10,
    virtualAddress: 0x404a10,
    physicalAddress: 0x404a10,
    fileSize: 0x9f0,
    memorySize: 0x2000,
    alignment: 0x1000,
  })
  assert.equal(readElf(makeLoader(), 'ld.so').programHeaders.length, 4)
})

test(
  'the node that runs this parses',
  { skip: process.platform !== 'linux' || process.arch !== 'x64' },
  () => {
    const { header, programHeaders } = readElf(readFileSync(process.execPath), process.execPath)
    assert(programHeaders.some((segment) => segment.type === 1 && segment.flags & 1))
    const holdsEntry = programHeaders.some(
      ({ type, virtualAddress, memorySize }) =>
        type === 1 && header.entry >= virtualAddress && header.entry < virtualAddress + memorySize,
    )
    assert(holdsEntry)
  },
)

const HOST_LOADER = '/lib64/ld-linux-x86-64.so.2'
test('the host’s ld.so parses', { skip: !existsSync(HOST_LOADER) }, () => {
  assert(readElf(readFileSync(HOST_LOADER), HOST_LOADER).programHeaders.length > 3)
})
