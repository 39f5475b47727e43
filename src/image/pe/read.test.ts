import assert from 'node:assert/strict'
import { test } from 'node:test'

import { BuildError } from '../../base/diagnostics.ts'
import * as pe from './constants.ts'
import { machineOf, readPe } from './read.ts'
import { FileHeader, OptionalHeader, SectionHeader } from './structs.ts'
import { AT, HEADERS_SIZE, makePe } from './synthetic.fixture.ts'

const inHeader = (field: Parameters<typeof FileHeader.offsetOf>[0]) => AT.header + FileHeader.offsetOf(field)
const inOptional = (field: Parameters<typeof OptionalHeader.offsetOf>[0]) =>
  AT.optional + OptionalHeader.offsetOf(field)
const inSection = (i: number, field: Parameters<typeof SectionHeader.offsetOf>[0]) =>
  AT.sections + i * SectionHeader.size + SectionHeader.offsetOf(field)
const directory = (i: number) => AT.directories + i * 8
const u16 = (offset: number, value: number) => (bytes: Buffer) => void bytes.writeUInt16LE(value, offset)
const u32 = (offset: number, value: number) => (bytes: Buffer) => void bytes.writeUInt32LE(value, offset)

test('what is read is what was written', () => {
  const image = readPe(makePe(), 'some.exe')
  assert.equal(machineOf(image), 'x64')
  assert.equal(image.optional.imageBase, 0x1_4000_0000)
  assert.deepEqual(
    image.sections.map(({ address }) => address),
    [0x1000, 0x2000, 0x4000, 0x5000],
  )
  assert.equal(machineOf(readPe(makePe({ machine: pe.IMAGE_FILE_MACHINE_ARM64 }), 'some.exe')), 'arm64')
})

for (const [name, change, code, offset] of [
  ['no DOS signature', u16(0, 0), 'IMAGE_NOT_PE', 0],
  ['a PE header behind the end', u32(pe.E_LFANEW, 0xffff_fff0), 'IMAGE_MALFORMED', pe.E_LFANEW],
  ['no PE signature', u32(AT.signature, 0x454e), 'IMAGE_NOT_PE', AT.signature],
  ['32-bit x86', u16(inHeader('machine'), 0x14c), 'IMAGE_WRONG_TARGET', inHeader('machine')],
  ['PE32', u16(inOptional('magic'), 0x10b), 'IMAGE_WRONG_TARGET', inOptional('magic')],
  ['a library', u16(inHeader('characteristics'), 0x2022), 'IMAGE_WRONG_TARGET', inHeader('characteristics')],
  ['an object file', u16(inHeader('characteristics'), 0), 'IMAGE_WRONG_TARGET', inHeader('characteristics')],
  ['no sections', u16(inHeader('sectionCount'), 0), 'IMAGE_MALFORMED', inHeader('sectionCount')],
  ['97 sections', u16(inHeader('sectionCount'), 97), 'IMAGE_MALFORMED', inHeader('sectionCount')],
  [
    'sections where the headers end',
    u16(inHeader('sectionCount'), 90),
    'IMAGE_MALFORMED',
    inOptional('headersSize'),
  ],
  [
    'an optional header without directories',
    u16(inHeader('optionalHeaderSize'), 112),
    'IMAGE_MALFORMED',
    inHeader('optionalHeaderSize'),
  ],
  [
    '17 data directories',
    u32(inOptional('directoryCount'), 17),
    'IMAGE_MALFORMED',
    inOptional('directoryCount'),
  ],
  ['an alignment of 0', u32(inOptional('fileAlignment'), 0), 'IMAGE_MALFORMED', inOptional('fileAlignment')],
  [
    'an alignment of 4097',
    u32(inOptional('sectionAlignment'), 4097),
    'IMAGE_MALFORMED',
    inOptional('sectionAlignment'),
  ],
  [
    'headers of 4 GB',
    u32(inOptional('headersSize'), 0xffff_ffff),
    'IMAGE_MALFORMED',
    inOptional('headersSize'),
  ],
  [
    'a section behind the end',
    u32(inSection(1, 'fileOffset'), 0xffff_fe00),
    'IMAGE_MALFORMED',
    inSection(1, 'fileOffset'),
  ],
  [
    'a section too long',
    u32(inSection(3, 'fileSize'), 0x1_0000),
    'IMAGE_MALFORMED',
    inSection(3, 'fileOffset'),
  ],
  [
    'a section in the headers',
    u32(inSection(0, 'fileOffset'), 0x200),
    'IMAGE_MALFORMED',
    inSection(0, 'fileOffset'),
  ],
  [
    'a section that is not aligned',
    u32(inSection(0, 'fileOffset'), 0x401),
    'IMAGE_MALFORMED',
    inSection(0, 'fileOffset'),
  ],
  [
    'a gap between sections',
    u32(inSection(1, 'address'), 0x3000),
    'IMAGE_MALFORMED',
    inSection(1, 'address'),
  ],
  ['an empty section', u32(inSection(1, 'memorySize'), 0), 'IMAGE_MALFORMED', inSection(1, 'memorySize')],
  [
    'a section of 4 GB',
    u32(inSection(3, 'memorySize'), 0xffff_ffff),
    'IMAGE_MALFORMED',
    inSection(3, 'memorySize'),
  ],
  [
    'an image that is larger',
    u32(inOptional('imageSize'), 0x9000),
    'IMAGE_MALFORMED',
    inOptional('imageSize'),
  ],
  ['resources behind the image', u32(directory(2), 0x6000), 'IMAGE_MALFORMED', directory(2)],
  ['a signature behind the file', u32(directory(4), 0xffff_ff00), 'IMAGE_MALFORMED', directory(4)],
] as const) {
  test(`a PE file with ${name} is refused as ${code} at byte 0x${offset.toString(16)}`, () => {
    const bytes = makePe()
    change(bytes)
    assert.throws(
      () => readPe(bytes, 'some.exe'),
      (error) => {
        assert(error instanceof BuildError)
        assert.deepEqual([error.code, error.at], [code, { file: 'some.exe', offset }])
        assert(error.help)
        return true
      },
    )
  })
}

for (const [size, code, offset] of [
  [0, 'IMAGE_NOT_PE', 0],
  [1, 'IMAGE_NOT_PE', 0],
  [2, 'IMAGE_MALFORMED', 2],
  [0x3f, 'IMAGE_MALFORMED', 0x3f],
  [0x40, 'IMAGE_MALFORMED', pe.E_LFANEW],
  [AT.directories - 1, 'IMAGE_MALFORMED', pe.E_LFANEW],
  [AT.sections, 'IMAGE_MALFORMED', inHeader('sectionCount')],
  [HEADERS_SIZE - 1, 'IMAGE_MALFORMED', inOptional('headersSize')],
  [HEADERS_SIZE, 'IMAGE_MALFORMED', inSection(0, 'fileOffset')],
] as const) {
  test(`the first ${size} bytes of a PE file are refused as ${code} at byte 0x${offset.toString(16)}`, () => {
    assert.throws(() => readPe(makePe().subarray(0, size), 'cut'), { code, at: { file: 'cut', offset } })
  })
}
