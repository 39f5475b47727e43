import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zstdCompressSync } from 'node:zlib'

import { platformOf } from '../base/targets.ts'
import { carriedAddon } from './carried-addon.ts'

const LINUX = platformOf('linux-x64')

const inner = addon(20_000)
const frame = zstdCompressSync(inner)

test('the addon inside an addon is found, with other bytes around it', () => {
  const notAFrame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xff, 0xff])
  assert.deepEqual(carriedAddon(envelope(notAFrame, frame, Buffer.alloc(100, 7)), LINUX), inner)
})

for (const [title, bytes] of Object.entries({
  'a plain addon': inner,
  'an addon with compressed data': envelope(zstdCompressSync(noise(20_000))),
  'an addon with a small addon in it': Buffer.concat([addon(200_000), frame]),
  'an addon with a damaged frame': envelope(frame.subarray(0, frame.length - 100)),
  'an addon with one for another processor': envelope(zstdCompressSync(addon(20_000, 183))),
  'a frame alone': frame,
  nothing: Buffer.alloc(0),
})) {
  test(`${title} is what it is`, () => assert.equal(carriedAddon(bytes, LINUX), undefined))
}

function envelope(...parts: readonly Buffer[]): Buffer {
  return Buffer.concat([addon(100), ...parts])
}

/** As much of an ELF file as is looked at, and content that does not get smaller. */
function addon(size: number, machine = 62): Buffer {
  const header = Buffer.alloc(64)
  header.write('\x7fELF\x02\x01', 'latin1')
  header[18] = machine
  return Buffer.concat([header, Buffer.from('\0napi_register_module_v1\0'), noise(size)])
}

function noise(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  for (let i = 0, state = 1; i < size; i++) {
    state = (state * 48271) % 2147483647
    bytes[i] = state
  }
  return bytes
}
