import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'

import { viewOf } from '../../base/bytes.ts'
import { HOST } from '../../base/targets.ts'
import { offsetOf } from './dynamic.ts'
import { NO_EDITS } from './edits.ts'
import { quietAbseil, withoutLockOrder } from './abseil.ts'
import { readElf, type ElfFile } from './read.ts'
import { findSymbols } from './symbols.ts'
import { makeNode } from './synthetic.fixture.ts'
import { X64 } from './x64.ts'

const SETTER = '_ZN4absl29SetMutexDeadlockDetectionModeENS_15OnDeadlockCycleE'

/** The node that runs the tests, which is an official one. */
const official = (): ElfFile => readElf(readFileSync(process.execPath), process.execPath)

suite('the frequency of the processor', () => {
  const SYMBOL = '_ZN4absl13base_internal19NominalCPUFrequencyEv'

  test('is a number in an official node', { skip: HOST !== 'linux-x64' }, () => {
    const node = official()
    const address = findSymbols(node, [SYMBOL])[SYMBOL]
    const patch = quietAbseil(node).patches.find((it) => it.address === address)!
    assert.equal(Buffer.from(patch.bytes).readDoubleLE(2), 1e9)
  })

  test('is not looked for in a node without it', () => {
    assert.deepEqual(quietAbseil(readElf(makeNode(), 'node')).patches, [])
  })
})

suite('the check of the order of locks', () => {
  test(
    'is switched off in an official node, and nothing else is changed',
    { skip: HOST !== 'linux-x64' },
    () => {
      const node = official()
      const { patches, cuts } = withoutLockOrder(node)
      assert.deepEqual(cuts, [])
      assert.equal(patches.length, 1)
      const { address, bytes } = patches[0]!
      assert.deepEqual([...bytes], [0, 0, 0, 0])
      // It aborts by default where asserts are on.
      assert.equal(viewOf(node.bytes).getUint32(offsetOf(node, address), true), 2)
    },
  )

  test('stays where its switch is not found', { skip: HOST !== 'linux-x64' }, () => {
    const node = official()
    const setter = offsetOf(node, findSymbols(node, [SETTER])[SETTER])
    const byte = node.bytes[setter]!
    node.bytes[setter] = 0xc3
    assert.deepEqual(withoutLockOrder(node), NO_EDITS)
    node.bytes[setter] = byte
    const { address } = withoutLockOrder(node).patches[0]!
    node.bytes[offsetOf(node, address)] = 7
    assert.deepEqual(withoutLockOrder(node), NO_EDITS)
  })

  test('is not looked for in a node without it', () => {
    assert.deepEqual(withoutLockOrder(readElf(makeNode(), 'node')), NO_EDITS)
  })

  for (const [name, code, expected] of [
    ['a function that stores its argument', '554889e5893d102030005dc3', 0x40_0000 + 10 + 0x30_2010],
    ['one that does more', '554889e5893d102030009090', undefined],
    ['another one', '31c0c3', undefined],
  ] as const) {
    test(`x86-64: ${name}`, () => {
      assert.equal(X64.storedTo!(Buffer.from(code, 'hex'), 0x40_0000), expected)
    })
  }
})
