import assert from 'node:assert/strict'
import { test } from 'node:test'

import { resourcesOf } from './appearance.ts'
import * as pe from './constants.ts'
import { makeIcon } from './icon.fixture.ts'
import { MANIFEST } from './synthetic.fixture.ts'

const version = { version: '1.2.3-beta.4', strings: { ProductName: 'Grüße', CompanyName: 'Ada' } }
const utf16 = (text: string) => Buffer.from(`${text}\0`, 'utf16le')

test('version, manifest and icon become resources', async () => {
  const icon = { bytes: makeIcon([16, 32]), file: 'app.ico' }
  const resources = await resourcesOf({ version, icon, manifest: MANIFEST })
  assert.deepEqual(resources.map(({ type, name }) => `${type} ${name}`).toSorted(), [
    `${pe.RT_GROUP_ICON} 1`,
    `${pe.RT_VERSION} 1`,
    `${pe.RT_MANIFEST} 1`,
    `${pe.RT_ICON} 1`,
    `${pe.RT_ICON} 2`,
  ])
  const info = Buffer.from(resources.find(({ type }) => type === pe.RT_VERSION)!.data)
  for (const text of ['ProductName', 'Grüße', 'CompanyName', 'Ada', 'FileVersion', '1.2.3-beta.4'])
    assert(info.includes(utf16(text)), text)
  // VS_FIXEDFILEINFO: signature, structure version, file version
  const fixed = info.indexOf(Buffer.from('bd04effe', 'hex'))
  assert.deepEqual([info.readUInt32LE(fixed + 8), info.readUInt32LE(fixed + 12)], [0x1_0002, 0x3_0000])
})

test('the manifest stays node’s, and says what node leaves open', async () => {
  const of = async (manifest: string) => {
    const resources = await resourcesOf({ version, manifest })
    return Buffer.from(resources.find(({ type }) => type === pe.RT_MANIFEST)!.data).toString()
  }
  const extended = await of(MANIFEST)
  assert(extended.startsWith(MANIFEST.slice(0, MANIFEST.indexOf('</assembly>'))))
  assert.match(extended, /<longPathAware [^>]*2016\/WindowsSettings">true</)
  assert.match(extended, /<activeCodePage [^>]*2019\/WindowsSettings">UTF-8</)
  assert(extended.trimEnd().endsWith('</assembly>'))
  assert.equal(await of(extended), extended, 'said once')
})

for (const [given, major, minor] of [
  ['0.0.0', 0, 0],
  ['70000.1.2', 0xffff_0001, 0x2_0000],
  ['10', 0xa_0000, 0],
  ['not a version', 0, 0],
] as const) {
  test(`version ${given} becomes four numbers`, async () => {
    const resources = await resourcesOf({ version: { version: given, strings: {} }, manifest: MANIFEST })
    const info = Buffer.from(resources.find(({ type }) => type === pe.RT_VERSION)!.data)
    const fixed = info.indexOf(Buffer.from('bd04effe', 'hex'))
    assert.deepEqual([info.readUInt32LE(fixed + 8), info.readUInt32LE(fixed + 12)], [major, minor])
  })
}

const changed = (offset: number, value: number) => {
  const bytes = makeIcon([16])
  bytes.writeUInt32LE(value, offset)
  return bytes
}

for (const [name, bytes, offset] of [
  ['nothing', Buffer.alloc(0), 0],
  ['a PNG', Buffer.from('89504e470d0a1a0a', 'hex'), 0],
  ['a cursor', changed(0, 0x2_0000), 0],
  ['no image', Buffer.from('000001000000', 'hex'), 4],
  ['more images than it has room for', Buffer.from('00000100ffff', 'hex'), 4],
  ['an image behind its end', changed(6 + 12, 0xffff), 6 + 12],
  ['an image of 4 GB', changed(6 + 8, 0xffff_ffff), 6 + 12],
  ['an image in its table', changed(6 + 12, 6), 6 + 12],
] as const) {
  test(`an icon that is ${name} is refused at byte ${offset}`, async () => {
    const icon = { bytes, file: 'app.ico' }
    await assert.rejects(resourcesOf({ version, icon, manifest: MANIFEST }), {
      code: 'WINDOWS_ICON',
      at: { file: 'app.ico', offset },
    })
  })
}
