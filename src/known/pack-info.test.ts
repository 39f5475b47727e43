import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zstdDecompressSync } from 'node:zlib'

import type { BuildError } from '../base/diagnostics.ts'
import type { BuildInfo } from '../format/build-info.ts'
import { packInfo } from './pack-info.ts'

function info(zstd: string | undefined): BuildInfo {
  const notices = Array.from({ length: 50 }, (_, i) => `Copyright ${i} `.padEnd(2000, 'all rights reserved '))
  return { runtime: { components: { zstd } }, packages: [{ notices }] } as unknown as BuildInfo
}

test('it is compressed as the target’s node does it, here or by that', async () => {
  const here = info(process.versions['zstd'])
  assert.deepEqual(unpack(await packInfo(here, 'no such node')), here)
  const there = info('another version')
  const packed = await packInfo(there, process.execPath)
  assert.deepEqual(unpack(packed), there)
  assert(packed.length < JSON.stringify(there).length / 20)
})

function unpack(packed: Uint8Array): unknown {
  return JSON.parse(zstdDecompressSync(packed).toString())
}

test('a changed byte is noticed', async () => {
  const packed = await packInfo(info(process.versions['zstd']), 'no such node')
  packed[packed.length - 1]! ^= 1
  assert.throws(() => zstdDecompressSync(packed))
})

test('a node that does not run', async () => {
  await assert.rejects(packInfo(info('other'), '/no/such/node'), (error: BuildError) => {
    assert.equal(error.code, 'RUNTIME_NOT_RUNNABLE')
    return true
  })
})
