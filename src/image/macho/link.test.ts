import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'

import { BuildError } from '../../base/diagnostics.ts'
import { makeBlob } from '../elf/synthetic.fixture.ts'
import { readSeaBlob } from '../sea.ts'
import { planMachO } from './append.ts'
import { assemble, sourceOf } from './assembled.fixture.ts'
import { linkMachO } from './link.ts'
import { entitlementsOf, findChanges, readSignature } from './read-signature.ts'
import { readMachO, segmentField, type MachOFile } from './read.ts'
import { command, FUSE, makeMachO, type MachOFields } from './synthetic.fixture.ts'

const blob = readSeaBlob(makeBlob(), 'blob')
const link = (fields?: MachOFields) => linkMachO({ node: readMachO(makeMachO(fields), 'node'), blob })

function segmentOf({ segments }: MachOFile, name: string) {
  return segments.find((segment) => segment.name === name)!
}

function tableOf({ tables, bytes }: MachOFile, what: string): Buffer {
  const { fileOffset, size } = tables.find((table) => table.what === what)!
  return Buffer.from(bytes.subarray(fileOffset, fileOffset + size))
}

const changesIn = (file: Buffer) => findChanges(sourceOf(file), readSignature(sourceOf(file)))

for (const size of [0, 1, 4095, 4096, 0x4000, 5_000_000]) {
  for (const cpu of ['arm64', 'x64'] as const) {
    test(`a payload of ${size} bytes lies in its section for ${cpu}, and __LINKEDIT behind it`, () => {
      const linked = link({ cpu })
      const payload = Buffer.alloc(size, 'p')
      const file = assemble(linked, { payload })
      const macho = readMachO(file, 'linked')
      const before = readMachO(makeMachO({ cpu }), 'node')

      const segment = segmentOf(macho, 'NODE_SEA')
      assert.deepEqual(
        macho.segments.map(({ name }) => name),
        ['__PAGEZERO', '__TEXT', '__DATA', 'NODE_SEA', '__LINKEDIT'],
      )
      const [section] = segment.sections
      assert.equal(section!.name, '__NODE_SEA_BLOB')
      assert.equal(section!.fileOffset, segment.fileOffset)
      const content = file.subarray(section!.fileOffset, section!.fileOffset + section!.size)
      const { base } = linked
      assert.equal(content.length, base.size - base.blobOffset + size + blob.tail.length)
      assert(
        content
          .subarray(base.size - base.blobOffset)
          .subarray(0, size)
          .equals(payload),
      )
      assert.equal(content.readUInt32LE(0), 0x143da20)
      assert.equal(content.readBigUInt64LE(base.size - base.blobOffset - 8), BigInt(size))

      const linkedit = segmentOf(macho, '__LINKEDIT')
      assert.equal(linkedit.fileOffset, segment.fileOffset + segment.fileSize)
      assert.equal(linkedit.virtualAddress, segment.virtualAddress + segment.memorySize)
      assert.equal(linkedit.virtualAddress % 0x4000, 0)
      assert.equal(linkedit.fileOffset % 0x4000, 0)
      assert.equal(linkedit.fileOffset + linkedit.fileSize, file.length)
      for (const what of ['exports', 'function starts'])
        assert.deepEqual(tableOf(macho, what), tableOf(before, what))
      const mapped = (it: MachOFile, name: string) => {
        const { fileOffset, fileSize } = segmentOf(it, name)
        return it.bytes.subarray(fileOffset, fileOffset + fileSize)
      }
      assert.deepEqual(mapped(macho, '__DATA'), mapped(before, '__DATA'))
    })
  }
}

test('chained fixups have an entry for the new segment, and all else of them is as it was', () => {
  const macho = readMachO(assemble(link(), { payload: Buffer.alloc(9) }), 'linked')
  const [before, after] = [readMachO(makeMachO(), 'node'), macho].map((it) => tableOf(it, 'chained fixups'))
  const starts = (bytes: Buffer) => bytes.readUInt32LE(4)
  const entries = (bytes: Buffer) =>
    Array.from({ length: bytes.readUInt32LE(starts(bytes)) }, (_, i) =>
      bytes.readUInt32LE(starts(bytes) + 4 + 4 * i),
    )
  assert.deepEqual(entries(before!), [0, 0, 24, 0])
  assert.deepEqual(entries(after!), [0, 0, 32, 0, 0])
  const rest = (bytes: Buffer) => bytes.subarray(starts(bytes) + entries(bytes)[2]!)
  assert.deepEqual(rest(after!), rest(before!))
  for (const field of [8, 12]) assert.equal(after!.readUInt32LE(field), before!.readUInt32LE(field) + 8)
})

test('local symbols are gone, and what is left is found by its new number', () => {
  const macho = readMachO(assemble(link(), { payload: Buffer.alloc(9) }), 'linked')
  const symbols = tableOf(macho, 'symbol table')
  const strings = tableOf(macho, 'string table')
  const nameAt = (i: number) => {
    const start = symbols.readUInt32LE(16 * i)
    return strings.toString('latin1', start, strings.indexOf(0, start))
  }
  assert.deepEqual([symbols.length, nameAt(0), nameAt(1)], [32, '_defined', '_puts'])
  const indirect = tableOf(macho, 'table of indirect symbols')
  assert.deepEqual([indirect.readUInt32LE(0), indirect.readUInt32LE(4)], [1, 0x80000000])
  const ranges = macho.commands.find(({ type }) => type === 0xb)!.offset + 8
  const counts = Array.from({ length: 6 }, (_, i) => Buffer.from(macho.bytes).readUInt32LE(ranges + 4 * i))
  assert.deepEqual(counts, [0, 0, 0, 1, 1, 1])
  // The Info.plist's section has taken its number.
  assert.equal(symbols[5], 4)
})

test('the fuse is switched, once', () => {
  const file = assemble(link(), { payload: Buffer.from(FUSE) })
  const name = FUSE.slice(0, -1)
  const first = file.indexOf(name)
  assert.equal(file.toString('latin1', first, first + FUSE.length), `${name}1`)
  assert.equal(file.toString('latin1').split(`${name}0`).length, 2, 'the payload’s is not touched')
})

test('where there is no room for an Info.plist, there is none', () => {
  const { base } = link({ room: 152 + 16 })
  assert.equal(base.info, undefined)
  assert.throws(
    () => planMachO(base, { payloadSize: 0, uuid: Buffer.alloc(16), info: Buffer.from('<plist/>') }),
    { code: 'INFO_PLIST_TOO_LARGE' },
  )
  assert.deepEqual(changesIn(assemble(link({ room: 168 }), { payload: Buffer.alloc(5) })), [])
})

test('a payload for which offsets would leave 32 bits is refused', () => {
  const { base } = link()
  assert.throws(
    () => planMachO(base, { payloadSize: 2 ** 32 - 1, uuid: Buffer.alloc(16), info: Buffer.alloc(0) }),
    {
      code: 'PAYLOAD_TOO_LARGE',
    },
  )
})

for (const [name, fields, change, offset] of [
  ['without room for a segment', { room: 151 }, undefined, (node) => 32 + node.header.commandsSize],
  [
    'with a load command that nobody knows',
    { more: [command(0x7777, Buffer.alloc(8))] },
    undefined,
    (node) => node.commands.at(-1)!.offset,
  ],
  [
    'that is encrypted',
    { more: [command(0x2c, Buffer.alloc(16))] },
    undefined,
    (node) => node.commands.at(-1)!.offset,
  ],
  [
    'whose last segment has another name',
    {},
    (bytes, node) => void bytes.write('__LINKEDYT', segmentOf(node, '__LINKEDIT').command.offset + 8),
    undefined,
  ],
  [
    'with something behind __LINKEDIT',
    {},
    (bytes, node) => {
      const segment = segmentOf(node, '__LINKEDIT')
      bytes.writeUInt32LE(segment.fileSize - 1, segmentField(segment, 'fileSize'))
    },
    undefined,
  ],
  ['without the fuse', {}, (bytes) => void bytes.write('x', bytes.indexOf(FUSE)), () => 0],
  [
    'with chained fixups for more segments than it has',
    {},
    (bytes, node) => void bytes.writeUInt32LE(9, tableStart(node, 'chained fixups') + 32),
    (node) => tableStart(node, 'chained fixups') + 32,
  ],
] as readonly [
  string,
  MachOFields,
  ((bytes: Buffer, node: MachOFile) => void) | undefined,
  ((node: MachOFile) => number) | undefined,
][]) {
  test(`a node ${name} is refused, with an offset`, () => {
    const bytes = makeMachO(fields)
    const sound = readMachO(bytes, 'node')
    change?.(bytes, sound)
    assert.throws(
      () => linkMachO({ node: readMachO(bytes, 'node'), blob }),
      (error) => {
        assert(error instanceof BuildError)
        assert(['IMAGE_NOT_NODE', 'IMAGE_MALFORMED'].includes(error.code), error.code)
        if (offset) assert.equal(error.at!.offset, offset(sound))
        assert(error.at!.offset !== undefined && error.help)
        return true
      },
    )
  })
}

function tableStart({ tables }: MachOFile, what: string): number {
  return tables.find((table) => table.what === what)!.fileOffset
}

for (const hasSignature of [false, true]) {
  test(`every page of an executable has its hash, of a node ${hasSignature ? 'with' : 'without'} signature`, () => {
    const info = Buffer.from('<plist version="1.0"><dict/></plist>\n')
    const file = assemble(link({ hasSignature }), { payload: Buffer.alloc(300_000, 'x'), info })
    // All of this is read from the bytes, and not by what is tested.
    const { tables } = readMachO(file, 'signed')
    const { fileOffset, size } = tables.find(({ what }) => what === 'code signature')!
    const signature = file.subarray(fileOffset, fileOffset + size)
    assert.equal(signature.readUInt32BE(0), 0xfade0cc0)
    const blobs = new Map(
      Array.from({ length: signature.readUInt32BE(8) }, (_, i) => {
        const start = signature.readUInt32BE(16 + 8 * i)
        return [
          signature.readUInt32BE(12 + 8 * i),
          signature.subarray(start, start + signature.readUInt32BE(start + 4)),
        ]
      }),
    )
    assert.deepEqual([...blobs.keys()], [0, 2, 5, 7, 0x10000])
    const directory = blobs.get(0)!
    const [magic, length, version, flags, hashes, identifier, special, pages, limit] = Array.from(
      { length: 9 },
      (_, i) => directory.readUInt32BE(4 * i),
    ) as [number, number, number, number, number, number, number, number, number]
    assert.deepEqual([magic, length, version, flags], [0xfade0c02, directory.length, 0x20500, 0x10002])
    assert.deepEqual([special, limit, pages], [7, fileOffset, Math.ceil(fileOffset / 4096)])
    assert.equal(directory.toString('latin1', identifier, identifier + 18), 'com.example.hello\0')
    assert.deepEqual([...directory.subarray(36, 40)], [32, 2, 0, 12])
    // execSegLimit, execSegFlags, runtime
    assert.deepEqual(
      [directory.readBigUInt64BE(72), directory.readBigUInt64BE(80), directory.readUInt32BE(88)],
      [0x4000n, 1n, 0xf0500],
    )
    const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
    const slot = (i: number) => directory.toString('hex', hashes + 32 * i, hashes + 32 * i + 32)
    for (let i = 0; i < pages; i++)
      assert.equal(slot(i), hashOf(file.subarray(4096 * i, Math.min(4096 * i + 4096, limit))), `page ${i}`)
    assert.equal(slot(-1), hashOf(info))
    for (const i of [2, 5, 7]) assert.equal(slot(-i), hashOf(blobs.get(i)!), `slot ${i}`)
    for (const i of [3, 4, 6]) assert.match(slot(-i), /^0+$/)
    assert.equal(blobs.get(2)!.toString('hex'), 'fade0c010000000c00000000')
  })
}

test('entitlements are in both forms what they are in node’s own signature', () => {
  const file = assemble(link(), {
    payload: Buffer.alloc(1),
    entitlements: ['com.apple.security.cs.allow-jit'],
  })
  const signature = readSignature(sourceOf(file))
  assert.match(entitlementsOf(signature), /<key>com\.apple\.security\.cs\.allow-jit<\/key>\n\t<true\/>/)
  const name = Buffer.from('com.apple.security.cs.allow-jit')
  const pair = Buffer.concat([
    Buffer.of(0x30, name.length + 5, 0x0c, name.length),
    name,
    Buffer.of(1, 1, 0xff),
  ])
  const der = Buffer.concat([Buffer.of(0x70, pair.length + 5, 2, 1, 1, 0xb0, pair.length), pair])
  assert.deepEqual(Buffer.from(signature.blobs.get(7)!.bytes.subarray(8)), der)
})

test('what has been changed in a signed executable is found', () => {
  const info = Buffer.from('<plist version="1.0"><dict/></plist>\n')
  const sound = assemble(link(), { payload: Buffer.alloc(100_000, 'x'), info })
  assert.deepEqual(changesIn(sound), [])
  const signature = readSignature(sourceOf(sound))

  const page = Buffer.from(sound)
  page[0x9001]! ^= 1
  page[0xa002]! ^= 1
  assert.deepEqual(changesIn(page), [{ from: 0x9000, to: 0xb000 }])

  const requirements = Buffer.from(sound)
  const at = requirements.indexOf(Buffer.from('fade0c010000000c00000000', 'hex'))
  requirements[at + 11] = 1
  assert.deepEqual(changesIn(requirements), [{ slot: 2, from: at, to: at + 12 }])

  const { directory } = signature
  const oneHash = Buffer.from(sound)
  oneHash[signature.offset + 12 + 8 * 5 + directory.hashOffset + 32 * 3]! ^= 1
  assert.deepEqual(changesIn(oneHash), [{ from: 0x3000, to: 0x4000 }])

  const longer = Buffer.concat([sound, Buffer.alloc(5)])
  assert.deepEqual(changesIn(longer), [{ from: sound.length, to: longer.length }])
})
