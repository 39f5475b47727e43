import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import type { BuildError } from '../../base/diagnostics.ts'
import { readSeaBlob } from '../sea.ts'
import { linkBaseImage } from './base-image.ts'
import { findLaunchTable } from './launch-table.ts'
import { readLauncher } from './launcher.ts'
import { LAYOUT_VERSION } from './layout.ts'
import { readElf } from './read.ts'
import { makeBlob, makeLauncher, makeLoader, makeNode } from './synthetic.fixture.ts'

function linked(): { bytes: Buffer; offset: number; launcherOffset: number } {
  const { chunks, base } = linkBaseImage({
    node: readElf(makeNode(), 'node'),
    loader: readElf(makeLoader(), 'ld.so'),
    launcher: readLauncher(makeLauncher(), 'launcher'),
    system: Buffer.alloc(0x1801, 'system '),
    blob: readSeaBlob(makeBlob(), 'blob'),
  })
  const bytes = Buffer.alloc(base.size)
  for (const chunk of chunks) bytes.set(chunk.bytes, chunk.offset)
  return {
    bytes,
    offset: base.frozen.launchTableOffset,
    launcherOffset: bytes.indexOf('INGOTLCH', 0, 'latin1'),
  }
}

const find = (bytes: Uint8Array) =>
  findLaunchTable((offset, size) => bytes.subarray(offset, offset + size), 'program')

suite('the launch table of a finished file', () => {
  test('is found, with the program headers of the kernel', () => {
    const { bytes, offset } = linked()
    const found = find(bytes)
    assert.equal(found.fileOffset, offset)
    assert.equal(found.table.programEntry, 0x402040)
    assert.deepEqual(found.programHeaders, readElf(bytes, 'program').programHeaders)
  })

  test('is found by small reads', () => {
    const { bytes } = linked()
    let read = 0
    findLaunchTable((offset, size) => ((read += size), bytes.subarray(offset, offset + size)), 'program')
    assert(read < 8192, `${read} bytes`)
  })

  const cases: readonly [
    name: string,
    code: string,
    change: (parts: ReturnType<typeof linked>) => Uint8Array,
  ][] = [
    ['nothing', 'IMAGE_NOT_ELF', () => new Uint8Array()],
    ['a text', 'IMAGE_NOT_ELF', () => Buffer.from('#!/bin/sh\n')],
    ['a header that is cut off', 'IMAGE_NOT_INGOT', ({ bytes }) => bytes.subarray(0, 60)],
    [
      'a file that ends before the table',
      'IMAGE_NOT_INGOT',
      ({ bytes, offset }) => bytes.subarray(0, offset),
    ],
    ['another machine', 'IMAGE_WRONG_TARGET', ({ bytes }) => (bytes.writeUInt16LE(243, 18), bytes)],
    ['node itself', 'IMAGE_NOT_INGOT', () => makeNode()],
    ['another magic', 'IMAGE_NOT_INGOT', ({ bytes, offset }) => (bytes.write('NGTABL99', offset), bytes)],
    [
      'another layout',
      'IMAGE_OTHER_LAYOUT',
      ({ bytes, launcherOffset }) => (bytes.writeUInt8(LAYOUT_VERSION + 1, launcherOffset + 8), bytes),
    ],
  ]
  for (const [name, code, change] of cases) {
    test(`is not in ${name}`, () => {
      assert.throws(
        () => find(change(linked())),
        (error: BuildError) =>
          error.code === code && error.at?.file === 'program' && error.at.offset !== undefined,
      )
    })
  }
})
