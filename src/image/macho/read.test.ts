import assert from 'node:assert/strict'
import { test } from 'node:test'

import { BuildError } from '../../base/diagnostics.ts'
import { command, makeMachO } from './synthetic.fixture.ts'
import { readMachO, sectionField, segmentField } from './read.ts'

const sound = readMachO(makeMachO(), 'sound')
const segment = (name: string) => sound.segments.find((segment) => segment.name === name)!
const [text, data, linkedit] = ['__TEXT', '__DATA', '__LINKEDIT'].map(segment) as [
  ReturnType<typeof segment>,
  ReturnType<typeof segment>,
  ReturnType<typeof segment>,
]
const table = (what: string) => sound.tables.find((table) => table.what === what)!

const u32 = (offset: number, value: number) => (bytes: Buffer) => void bytes.writeUInt32LE(value, offset)
const u64 = (offset: number, value: bigint) => (bytes: Buffer) => void bytes.writeBigUInt64LE(value, offset)
const MAX = 2n ** 64n - 1n
const firstSection = text.sections[0]!

for (const [name, change, code, offset] of [
  ['no magic number', u32(0, 0), 'IMAGE_NOT_MACHO', 0],
  ['ELF’s magic number', u32(0, 0x464c457f), 'IMAGE_NOT_MACHO', 0],
  ['32 bits', u32(0, 0xfeedface), 'IMAGE_WRONG_TARGET', 0],
  ['several architectures', u32(0, 0xbebafeca), 'IMAGE_WRONG_TARGET', 0],
  ['PowerPC’s code', u32(4, 0x01000012), 'IMAGE_WRONG_TARGET', 4],
  ['the type of an object file', u32(12, 1), 'IMAGE_WRONG_TARGET', 12],
  ['too many load commands', u32(16, 99), 'IMAGE_MALFORMED', 32 + sound.header.commandsSize],
  ['too few load commands', u32(16, 14), 'IMAGE_MALFORMED', 16 + sound.header.commandsSize],
  ['load commands behind the end', u32(20, 0x7fffffff), 'IMAGE_MALFORMED', 20],
  ['a load command of no size', u32(36, 0), 'IMAGE_MALFORMED', 36],
  ['a load command of an odd size', u32(36, 76), 'IMAGE_MALFORMED', 36],
  ['a load command behind the others', u32(36, 0x10000), 'IMAGE_MALFORMED', 36],
  ['a segment of a 32-bit file', u32(text.command.offset, 1), 'IMAGE_MALFORMED', text.command.offset],
  [
    'one section too few',
    u32(segmentField(text, 'sectionCount'), 1),
    'IMAGE_MALFORMED',
    segmentField(text, 'sectionCount'),
  ],
  [
    'sections at the end of u32',
    u32(segmentField(text, 'sectionCount'), 0xffffffff),
    'IMAGE_MALFORMED',
    segmentField(text, 'sectionCount'),
  ],
  [
    'a segment behind the end',
    u64(segmentField(data, 'fileOffset'), 0x10000n),
    'IMAGE_MALFORMED',
    segmentField(data, 'fileOffset'),
  ],
  [
    'a segment at the end of u64',
    u64(segmentField(data, 'fileOffset'), MAX),
    'IMAGE_MALFORMED',
    segmentField(data, 'fileOffset'),
  ],
  [
    'more in the file than in memory',
    u64(segmentField(data, 'memorySize'), 0x3fffn),
    'IMAGE_MALFORMED',
    segmentField(data, 'memorySize'),
  ],
  [
    'an address of the kernel',
    u64(segmentField(data, 'virtualAddress'), 2n ** 63n),
    'IMAGE_MALFORMED',
    segmentField(data, 'virtualAddress'),
  ],
  [
    'a segment within a page',
    u64(segmentField(linkedit, 'virtualAddress'), 0x10000c800n),
    'IMAGE_MALFORMED',
    segmentField(linkedit, 'virtualAddress'),
  ],
  [
    'segments that overlap in memory',
    u64(segmentField(linkedit, 'virtualAddress'), 0x100004000n),
    'IMAGE_MALFORMED',
    segmentField(linkedit, 'virtualAddress'),
  ],
  [
    'segments that overlap in the file',
    u64(segmentField(linkedit, 'fileOffset'), 0x4000n),
    'IMAGE_MALFORMED',
    segmentField(linkedit, 'fileOffset'),
  ],
  [
    'a section before its segment',
    u64(sectionField(firstSection, 'virtualAddress'), 0xfffffn),
    'IMAGE_MALFORMED',
    sectionField(firstSection, 'virtualAddress'),
  ],
  [
    'a section that is too large',
    u64(sectionField(firstSection, 'size'), MAX),
    'IMAGE_MALFORMED',
    sectionField(firstSection, 'virtualAddress'),
  ],
  [
    'a section elsewhere in the file',
    u32(sectionField(firstSection, 'fileOffset'), 0x8000),
    'IMAGE_MALFORMED',
    sectionField(firstSection, 'fileOffset'),
  ],
  [
    'exports before __LINKEDIT',
    u32(table('exports').field, 0x100),
    'IMAGE_MALFORMED',
    table('exports').field,
  ],
  [
    'too many symbols',
    u32(table('symbol table').countField, 0xffffffff),
    'IMAGE_MALFORMED',
    table('symbol table').field,
  ],
  [
    'strings in the middle of symbols',
    u32(table('string table').field, table('symbol table').fileOffset + 8),
    'IMAGE_MALFORMED',
    table('string table').field,
  ],
  [
    'a table’s command of another size',
    (bytes: Buffer) => {
      // LC_UUID becomes LC_DYLD_EXPORTS_TRIE.
      bytes.writeUInt32LE(0x80000033, sound.commands.find(({ type }) => type === 0x1b)!.offset)
    },
    'IMAGE_MALFORMED',
    sound.commands.find(({ type }) => type === 0x1b)!.offset + 4,
  ],
] as const) {
  test(`a Mach-O file with ${name} is refused as ${code} at byte 0x${offset.toString(16)}`, () => {
    const bytes = makeMachO()
    change(bytes)
    assert.throws(
      () => readMachO(bytes, 'some.macho'),
      (error) => {
        assert(error instanceof BuildError)
        assert.deepEqual([error.code, error.at], [code, { file: 'some.macho', offset }])
        assert(error.help)
        return true
      },
    )
  })
}

for (const [size, code, offset] of [
  [0, 'IMAGE_NOT_MACHO', 0],
  [3, 'IMAGE_NOT_MACHO', 0],
  [4, 'IMAGE_MALFORMED', 4],
  [31, 'IMAGE_MALFORMED', 31],
  [32, 'IMAGE_MALFORMED', 20],
  [0x1000, 'IMAGE_MALFORMED', segmentField(text, 'fileOffset')],
  [0x8000, 'IMAGE_MALFORMED', segmentField(linkedit, 'fileOffset')],
] as const) {
  test(`the first ${size} bytes of a Mach-O file are refused as ${code} at byte 0x${offset.toString(16)}`, () => {
    assert.throws(() => readMachO(makeMachO().subarray(0, size), 'cut'), {
      code,
      at: { file: 'cut', offset },
    })
  })
}

test('a Mach-O file is read with every field in its place', () => {
  assert.equal(sound.cpu, 'arm64')
  assert.deepEqual(
    sound.segments.map(({ name, sections }) => [name, ...sections.map(({ name }) => name)]),
    [['__PAGEZERO'], ['__TEXT', '__text', '__cstring'], ['__DATA', '__data', '__bss'], ['__LINKEDIT']],
  )
  assert.equal(data.memorySize, 0x8000)
  assert.equal(data.sections[1]!.size, 0x800)
  assert.equal(table('symbol table').size, 64)
  assert.equal(readMachO(makeMachO({ cpu: 'x64' }), 'x64').cpu, 'x64')
})

test('the load commands alone are enough, with the size of the file', () => {
  const bytes = makeMachO()
  const head = bytes.subarray(0, 32 + sound.header.commandsSize)
  assert.deepEqual(readMachO(head, 'head', bytes.length).segments, sound.segments)
})

test('a load command that nobody knows is read', () => {
  assert.equal(readMachO(makeMachO({ more: [command(0x7777, Buffer.alloc(8))] }), 'more').commands.length, 16)
})
