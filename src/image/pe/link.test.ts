import assert from 'node:assert/strict'
import { test } from 'node:test'

import { SEA_FUSE, locateAssets } from '../sea.ts'
import { planPeAppend } from './append.ts'
import { assemble, linkSynthetic } from './assembled.fixture.ts'
import { checksumOf, sumOfWords } from './checksum.ts'
import * as pe from './constants.ts'
import { findProgram } from './find.ts'
import { readPe, sectionBytes } from './read.ts'
import { readResources } from './resources.ts'
import { SectionHeader } from './structs.ts'
import { AT, makePe, MANIFEST } from './synthetic.fixture.ts'

const icon = {
  type: pe.RT_ICON,
  name: 7,
  language: pe.LANG_EN_US,
  codepage: 0,
  data: Buffer.from('an icon'),
}

function resourcesIn(file: Buffer) {
  const image = readPe(file, 'linked')
  const section = image.sections.at(-1)!
  const bytes = sectionBytes(image, section)
  return readResources(bytes, { file: 'linked', offset: section.fileOffset }).map(
    ({ address, size, ...key }) => ({
      ...key,
      address,
      data: Buffer.from(bytes.subarray(address - section.address, address - section.address + size)),
    }),
  )
}

test('the resources come last, and the blob with the payload is one of them, on a page', () => {
  const file = assemble(linkSynthetic(makePe()), { resources: [icon] })
  const image = readPe(file, 'linked')
  assert.deepEqual(
    image.sections.map(({ address }) => address),
    [0x1000, 0x2000, 0x4000, 0x5000],
  )
  const [ofIcon, blob] = resourcesIn(file)
  assert.deepEqual(ofIcon!.data.toString(), 'an icon')
  assert.deepEqual([blob!.type, blob!.name], [pe.RT_RCDATA, 'NODE_SEA_BLOB'])
  const assets = locateAssets((offset, size) => blob!.data.subarray(offset, offset + size), {
    fileOffset: 0,
    size: blob!.data.length,
  })!
  const { fileOffset, size } = assets.get('payload')!
  assert.equal(blob!.data.toString('latin1', fileOffset, fileOffset + size), 'the payload')
  assert.equal((blob!.address + fileOffset) % 4096, 0)
  const licenses = assets.get('licenses')!
  const text = blob!.data.subarray(licenses.fileOffset, licenses.fileOffset + licenses.size)
  assert.equal(text.toString(), 'the licences')
})

test('what it was signed with is gone, relocations are where the headers say, and the switch is on', () => {
  const file = assemble(linkSynthetic(makePe()))
  const image = readPe(file, 'linked')
  assert.deepEqual(image.directories[pe.IMAGE_DIRECTORY_ENTRY_SECURITY], { address: 0, size: 0 })
  assert.equal(file.includes('signed'), false)
  const relocations = image.sections[2]!
  assert.equal(image.directories[pe.IMAGE_DIRECTORY_ENTRY_BASERELOC]!.address, relocations.address)
  assert.equal(
    Buffer.from(sectionBytes(image, relocations)).toString('hex', 0, 8),
    '0010000010000000',
    'the relocations themselves',
  )
  const switched = `${SEA_FUSE.slice(0, -1)}1`
  assert.equal(file.indexOf(SEA_FUSE), -1)
  assert.equal(file.lastIndexOf(switched), file.indexOf(switched))
})

test('a payload that has the name of the switch in it leaves it as it is', () => {
  const file = assemble(linkSynthetic(makePe()), { payload: Buffer.from(SEA_FUSE) })
  assert(file.includes(SEA_FUSE) && file.includes(`${SEA_FUSE.slice(0, -1)}1`))
})

test('a program with windows says so', () => {
  const linked = linkSynthetic(makePe())
  const subsystemOf = (subsystem: 'console' | 'gui') =>
    readPe(assemble(linked, { subsystem }), 'linked').optional.subsystem
  assert.deepEqual(
    [subsystemOf('console'), subsystemOf('gui')],
    [pe.IMAGE_SUBSYSTEM_WINDOWS_CUI, pe.IMAGE_SUBSYSTEM_WINDOWS_GUI],
  )
})

test('payloads of any size make sound files, the same each time', () => {
  for (const size of [0, 1, 7, 511, 512, 4095, 4096, 70_001]) {
    const linked = linkSynthetic(makePe())
    const payload = Buffer.alloc(size, 'p')
    const file = assemble(linked, { payload, resources: [icon] })
    assert(file.equals(assemble(linkSynthetic(makePe()), { payload, resources: [icon] })))
    assert.equal(resourcesIn(file)[0]!.data.toString(), 'an icon')
    const { blob, seal, certificates } = findProgram(
      (offset, length) => file.subarray(offset, offset + length),
      'linked',
      file.length,
    )
    const assets = locateAssets((offset, length) => file.subarray(offset, offset + length), blob)
    assert.equal(assets!.get('payload')!.size, size)
    assert.deepEqual([seal.fileOffset, seal.size, certificates.size], [file.length, 0, 0])
  }
})

test('what is too large for Windows is refused', () => {
  const { base } = linkSynthetic(makePe())
  const planned = (size: number, count = 0) =>
    planPeAppend({ size: base.size, layout: base.pe }, size, {
      resources: Array.from({ length: count }, (_, name) => ({ ...icon, name })),
      subsystem: 'console',
    })
  assert.throws(() => planned(2 ** 31), { code: 'PAYLOAD_TOO_LARGE' })
  assert.equal(planned(2 ** 31 - 2 ** 20).patches.length > 0, true)
  assert.throws(() => planned(1, 500), { code: 'WINDOWS_RESOURCES' })
})

const inSection = (i: number, field: Parameters<typeof SectionHeader.offsetOf>[0]) =>
  AT.sections + i * SectionHeader.size + SectionHeader.offsetOf(field)
const fuseAt = makePe().indexOf(SEA_FUSE)
const resourcesAt = readPe(makePe(), '').sections[2]!.fileOffset

for (const [name, change, code, offset] of [
  ['no switch', (bytes: Buffer) => void bytes.write('x', fuseAt), 'IMAGE_NOT_NODE', 0],
  ['two switches', (bytes: Buffer) => void bytes.write(SEA_FUSE, fuseAt + 64), 'IMAGE_NOT_NODE', fuseAt + 64],
  [
    'no resources',
    (bytes: Buffer) => void bytes.fill(0, AT.directories + 16, AT.directories + 24),
    'IMAGE_NOT_NODE',
    AT.directories + 16,
  ],
  [
    'another section behind its resources',
    (bytes: Buffer) => void bytes.write('.other', inSection(3, 'name0')),
    'IMAGE_NOT_NODE',
    inSection(3, 'name0'),
  ],
  [
    'no manifest',
    (bytes: Buffer) => void bytes.writeUInt32LE(23, resourcesAt + 16 + 8),
    'IMAGE_NOT_NODE',
    resourcesAt,
  ],
  [
    'resources without a third level',
    (bytes: Buffer) => void bytes.writeUInt32LE(0x10, resourcesAt + 16 + 4),
    'IMAGE_MALFORMED',
    resourcesAt + 16,
  ],
  [
    'a directory behind its resources',
    (bytes: Buffer) => void bytes.writeUInt32LE(0x8fff_0000, resourcesAt + 16 + 4),
    'IMAGE_MALFORMED',
    resourcesAt + 16,
  ],
] as const) {
  test(`a node with ${name} is refused as ${code} at byte 0x${offset.toString(16)}`, () => {
    const bytes = makePe()
    change(bytes)
    assert.throws(() => linkSynthetic(bytes), { code, at: { file: 'node.exe', offset } })
  })
}

test('a node for another processor is refused', () => {
  assert.throws(() => linkSynthetic(makePe(), { machine: 'arm64' }), { code: 'IMAGE_WRONG_TARGET' })
  const arm64 = makePe({ machine: pe.IMAGE_FILE_MACHINE_ARM64 })
  assert.equal(linkSynthetic(arm64, { machine: 'arm64' }).base.pe.manifest, MANIFEST)
})

test('what is no executable of ours is told apart', () => {
  const node = makePe()
  const find = (bytes: Buffer) =>
    findProgram((offset, size) => bytes.subarray(offset, offset + size), 'other.exe', bytes.length)
  assert.throws(() => find(node), { code: 'IMAGE_NOT_INGOT' })
})

test('the checksum is that of ImageHlp, in pieces too', () => {
  const bytes = Buffer.from([1, 2, 3, 4, 0xff, 0xff, 0xff, 0xff, 5])
  // 0x0201 + 0x0403 + 0xffff + 0xffff + 0x05, with carries, and the size
  assert.equal(checksumOf(sumOfWords(bytes), bytes.length), 0x0609 + 9)
  const sum = sumOfWords(bytes.subarray(0, 6)) + sumOfWords(bytes.subarray(6))
  assert.equal(checksumOf(sum, bytes.length), 0x0609 + 9)
})
