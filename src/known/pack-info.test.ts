import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zstdDecompressSync } from 'node:zlib'

import type { BuildInfo } from '../format/build-info.ts'
import { runNode } from '../runtimes/node-command.ts'
import { packInfo } from './pack-info.ts'

const notNeeded = () => Promise.reject(new Error('no node is to be run'))

function info(zstd: string | undefined): BuildInfo {
  const notices = Array.from({ length: 50 }, (_, i) => `Copyright ${i} `.padEnd(2000, 'all rights reserved '))
  return { runtime: { components: { zstd } }, packages: [{ notices }] } as unknown as BuildInfo
}

test('it is compressed as the target’s node does it, here or by that', async () => {
  const here = info(process.versions['zstd'])
  assert.deepEqual(unpack(await packInfo(here, notNeeded)), here)
  const there = info('another version')
  const run = (args: readonly string[], input: Uint8Array) =>
    runNode([process.execPath], args, { cwd: '/', input })
  const packed = await packInfo(there, run)
  assert.deepEqual(unpack(packed), there)
  assert(packed.length < JSON.stringify(there).length / 20)
})

function unpack(packed: Uint8Array): unknown {
  return JSON.parse(zstdDecompressSync(packed).toString())
}

test('a changed byte is noticed', async () => {
  const packed = await packInfo(info(process.versions['zstd']), notNeeded)
  packed[packed.length - 1]! ^= 1
  assert.throws(() => zstdDecompressSync(packed))
})
