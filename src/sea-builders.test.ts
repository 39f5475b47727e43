import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { machineOf } from './image/elf/machine.ts'
import { readElf } from './image/elf/read.ts'
import { withoutSeaBuilder, type SeaBuilder } from './image/elf/sea-builder.ts'
import { makeNode } from './image/elf/synthetic.fixture.ts'
import { KNOWN_BUILDERS, seaBuilderOf } from './sea-builders.ts'

test('what is known of each node is some megabytes, and where they begin is elsewhere', () => {
  const known = JSON.parse(readFileSync(KNOWN_BUILDERS, 'utf8')) as Record<string, SeaBuilder>
  assert(Object.keys(known).length > 0)
  for (const [sha256, { start, end, entry }] of Object.entries(known)) {
    assert.match(sha256, /^[\da-f]{64}$/)
    assert(end - start > 2e6 && end - start < 4e6)
    assert(entry < start || entry > end)
    assert.deepEqual(seaBuilderOf(sha256), { start, end, entry })
  }
  assert.equal(seaBuilderOf('0'.repeat(64)), undefined)
})

test('the function in which it begins refuses', () => {
  const node = readElf(makeNode(), 'node')
  const { patches, cuts } = withoutSeaBuilder(node, { start: 0x50_0000, end: 0x60_0000, entry: 0x40_1000 })
  assert.deepEqual(cuts, [{ start: 0x50_0000, end: 0x60_0000 }])
  const [refusal] = patches
  assert.equal(refusal?.address, 0x40_1000)
  assert.match(Buffer.from(refusal.bytes).toString('latin1'), /NO_SEA_BUILDER.*\n {2}help: .*\n$/)
  assert(machineOf(node).refusal)
})
