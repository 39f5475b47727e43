import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { ARM64 } from './arm64.ts'

/** As a disassembler prints them, and as they lie in memory. */
function words(...instructions: number[]): Buffer {
  const bytes = Buffer.alloc(4 * instructions.length)
  instructions.forEach((word, i) => bytes.writeUInt32LE(word, 4 * i))
  return bytes
}

const NOP = 0xd503201f
const SVC = 0xd4000001
/** mov x8, #56: openat */
const OPENAT = 0xd2800708
const RET = 0xd65f03c0

// What GNU's assembler makes of the instruction in the name.
suite('AArch64 code that is written', () => {
  for (const [name, written, expected] of [
    ['b .+0x1000', ARM64.loader.jumpBy(0x1000), [0x14000400]],
    ['b .-4', ARM64.loader.jumpBy(-4), [0x17ffffff]],
    ['b .-0x8000000', ARM64.loader.jumpBy(-0x800_0000), [0x16000000]],
    ['movz, movk, br of 0x100049f8', ARM64.jumpTo(0x1000_49f8), [0xd2893f10, 0xf2a20010, 0xd61f0200]],
    ['movz, movk, br of 0xffff1234', ARM64.jumpTo(0xffff_1234), [0xd2824690, 0xf2bffff0, 0xd61f0200]],
    [
      'what stubs share',
      ARM64.libc.sharedStub(0x1000_00a4),
      [0xa9bf47f0, 0xd2801490, 0xf2a20010, 0xd61f0200],
    ],
  ] as const) {
    test(name, () => assert.deepEqual(Buffer.from(written), words(...expected)))
  }

  test('a stub calls what is shared, and goes back behind the system call', () => {
    const site = { offset: 0x100, number: 56, moved: new Uint8Array() }
    const stub = ARM64.libc.stub(site, { offset: 0x2010, sharedOffset: 0x2000, hook: 0 })
    const [stp, bl, ldp, back] = [0xa9bf7bfd, 0x97fffffb, 0xa8c17bfd, 0x17fff83a]
    assert.deepEqual(Buffer.from(stub), words(stp, bl, ldp, back))
    assert.deepEqual(Buffer.from(ARM64.libc.jumpToStub(site, 0x2010)), words(0x140007c4))
  })
})

suite('system calls in AArch64 code', () => {
  const offsets = (code: Buffer) => ARM64.libc.findSites(code, 56).map(({ offset }) => offset)

  test('are found by the number that is loaded before, with other instructions in between', () => {
    assert.deepEqual(offsets(words(OPENAT, SVC, OPENAT, NOP, NOP, SVC, RET)), [4, 20])
  })
  test('are not taken for others', () => {
    assert.deepEqual(offsets(words(0xd2800728 /* mov x8, #57 */, SVC, OPENAT, 0xd2800728, SVC)), [])
  })
  test('are not guessed across branches', () => {
    for (const branch of [RET, 0x14000001, 0x94000001, 0x34000040, 0x54000040, 0xd4000001]) {
      assert.deepEqual(offsets(words(OPENAT, branch, 0xd503201f, SVC)).includes(12), false)
    }
  })
  test('at the very begin, or without a number, are none', () => {
    assert.deepEqual(offsets(words(SVC)), [])
    assert.deepEqual(offsets(words(OPENAT, ...Array.from({ length: 20 }, () => NOP), SVC)), [])
    assert.deepEqual(offsets(words(OPENAT, SVC).subarray(0, 7)), [])
  })
})

suite('a frame of AArch64 code', () => {
  test('is made by mov x29, sp, or further up on the stack', () => {
    assert(ARM64.hasFrame(words(0xa9bc7bfd, 0x910003fd, RET)))
    assert(ARM64.hasFrame(words(0xa9017bfd, 0x910043fd, RET))) // add x29, sp, #16
  })
  test('is not made by moving other registers', () => {
    assert(!ARM64.hasFrame(words(0x910003e0 /* mov x0, sp */, 0xaa0003fd /* mov x29, x0 */, RET)))
    assert(!ARM64.hasFrame(Buffer.alloc(3)))
  })
})

suite('ld.so’s errno', () => {
  // adrp x1, 26 pages further; str w2, [x1, #832]: Debian's, from 0x1b6d0 on.
  const read = (adrp: number, store: number) => {
    const code = words(...Array.from({ length: 6 }, () => NOP), adrp, NOP, NOP, store)
    return new DataView(code.buffer, code.byteOffset, code.length)
  }
  test('is where the instructions say', () => {
    assert.equal(ARM64.loader.errnoAddress(read(0xd0000121, 0xb9034022), 0x1b6d0), 0x41340)
    // Backwards: adrp x1, -1 page.
    assert.equal(ARM64.loader.errnoAddress(read(0xf0ffffe1, 0xb9034022), 0x1b6d0), 0x1a340)
  })
  test('is not where there are others', () => {
    assert.equal(ARM64.loader.errnoAddress(read(NOP, 0xb9034022), 0x1b6d0), undefined)
    assert.equal(ARM64.loader.errnoAddress(read(0xd0000121, NOP), 0x1b6d0), undefined)
  })
})
