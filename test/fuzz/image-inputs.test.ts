// Blob, launcher and ld.so as somebody else's tools made them, or a disk damaged them.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'

import fc from 'fast-check'

import { BuildError } from '../../src/base/diagnostics.ts'
import { ARM64 } from '../../src/image/elf/arm64.ts'
import { readLauncher } from '../../src/image/elf/launcher.ts'
import { LAUNCHER_DATA, LAUNCHER_TEXT, LOADER_BASE } from '../../src/image/elf/layout.ts'
import { redirectLoader } from '../../src/image/elf/loader.ts'
import { readElf } from '../../src/image/elf/read.ts'
import {
  loaderErrno,
  loaderFunctions,
  type LoaderFunction,
  makeBlob,
  makeLauncher,
  makeLoader,
} from '../../src/image/elf/synthetic.fixture.ts'
import { emitSeaPrefix, readSeaBlob } from '../../src/image/sea.ts'
import { bounded, FUZZ, mutate, mutations, resultOrRefusal } from './mutation.ts'

const BLOB = makeBlob({
  assets: { icon: 'picture', payload: '' },
  execArgv: ['--expose-internals', '--no-warnings'],
})

function readBlob(bytes: Uint8Array): void {
  const result = resultOrRefusal(() => readSeaBlob(bytes, 'blob'))
  if (result instanceof BuildError) {
    assert.equal(result.code, 'SEA_FORMAT')
    assert(result.at!.offset! <= bytes.length, 'the offset leaves the file')
    return
  }
  const { head, tail } = result
  assert(head.length + tail.length <= bytes.length)
}

test('a damaged blob is read or refused', () => {
  fc.assert(
    fc.property(mutations(BLOB.length), (changes) => {
      const bytes = Buffer.from(BLOB)
      mutate(bytes, changes)
      readBlob(bytes)
    }),
    FUZZ,
  )
})

test('every shorter and every longer blob is refused', () => {
  for (let size = 0; size < BLOB.length; size++) {
    assert.throws(() => readSeaBlob(BLOB.subarray(0, size), 'blob'), { code: 'SEA_FORMAT' })
  }
  assert.throws(() => readSeaBlob(Buffer.concat([BLOB, Buffer.alloc(1)]), 'blob'), { code: 'SEA_FORMAT' })
})

test('a blob put together around any payload reads as one again, with the payload where it was wanted', () => {
  fc.assert(
    fc.property(fc.nat(20_000), fc.uint8Array({ maxLength: 300 }), fc.boolean(), (start, payload, cached) => {
      const assets = { bootstrap: 'run()', payload: '' }
      const blob = readSeaBlob(makeBlob({ flags: cached ? 0b11101 : 0b11001, assets }), 'blob')
      const prefix = Buffer.from(emitSeaPrefix(blob, start, 4096))
      assert.equal((start + prefix.length) % 4096, 0)
      prefix.writeBigUInt64LE(BigInt(payload.length), prefix.length - 8)
      const again = readSeaBlob(Buffer.concat([prefix, payload, blob.tail]), 'again')
      assert.deepEqual(Buffer.from(again.head), Buffer.from(blob.head))
      assert.deepEqual(Buffer.from(again.tail), Buffer.from(blob.tail))
      assert.deepEqual(again.assets[0], ['bootstrap', Buffer.from('run()')])
    }),
    { ...FUZZ, numRuns: 300 },
  )
})

const PREBUILT = readFileSync(new URL('../../launcher/prebuilt/linux-x64/launcher.bin', import.meta.url))

for (const [name, original] of [
  ['synthetic', makeLauncher()],
  ['prebuilt', PREBUILT],
] as const) {
  test(`the ${name} launcher, damaged, points into itself or is refused`, () => {
    readLauncher(original, name)
    fc.assert(
      fc.property(mutations(110), fc.option(fc.nat(original.length)), (changes, length) => {
        const bytes = Buffer.from(original)
        mutate(bytes, changes)
        const cut = bytes.subarray(0, length ?? bytes.length)
        const launcher = resultOrRefusal(() => readLauncher(cut, name))
        if (launcher instanceof BuildError) return assert.equal(launcher.code, 'LAUNCHER_MISMATCH')
        for (const address of [
          launcher.entry,
          launcher.systemCall,
          ...Object.values(launcher.hooks).slice(4, 11),
        ]) {
          assert(address > LAUNCHER_TEXT && address < LAUNCHER_TEXT + cut.length)
        }
        assert(launcher.dataSize <= LOADER_BASE - LAUNCHER_DATA)
      }),
      FUZZ,
    )
  })
}

const { hooks } = readLauncher(makeLauncher(), 'launcher')

test('the functions of a known ld.so jump to the hooks, and nothing else of it changes', () => {
  const bytes = makeLoader()
  const before = Buffer.from(bytes)
  const patched = redirectLoader(readElf(bytes, 'ld.so'), LOADER_BASE, hooks)
  assert.equal(patched.errnoAddress, loaderErrno())
  assert.deepEqual(bytes, before, 'the input is not written to')
  const expected = Buffer.from(before)
  for (const [hook, offset] of Object.entries(loaderFunctions())) {
    expected[offset] = 0xe9
    // In the synthetic ld.so, as in the real one, code has the same offset in the file and in memory.
    expected.writeInt32LE(hooks[hook as keyof typeof hooks] - (LOADER_BASE + offset + 5), offset + 1)
  }
  assert.deepEqual(Buffer.from(patched.bytes), expected)
})

/** Bytes that the signatures compare, by function: all but the wildcards of a jump or a displacement. */
const COMPARED: Record<LoaderFunction, readonly number[]> = {
  open: without(35, [13, 27]),
  read: without(24, [20, 21, 22, 23]),
  pread: without(19, []),
  fstatat: without(20, []),
  mmap: without(19, [11]),
  close: without(16, []),
  access: without(16, []),
}

function without(size: number, wildcards: readonly number[]): number[] {
  return Array.from({ length: size }, (_, i) => i).filter((i) => !wildcards.includes(i))
}

test('an ld.so that differs in any byte that is compared is refused', () => {
  for (const [name, offset] of Object.entries(loaderFunctions())) {
    for (const i of COMPARED[name as keyof typeof COMPARED]) {
      const bytes = makeLoader()
      bytes[offset + i]! ^= 0x40
      assert.throws(() => redirectLoader(readElf(bytes, 'other'), LOADER_BASE, hooks), {
        code: 'LOADER_UNKNOWN',
        message: new RegExp(`its ${name} function was found 0 times`),
        at: { file: 'other', offset: 0x1000 },
      })
    }
  }
})

test('an ld.so that has a function twice is refused', () => {
  for (const [name, offset] of Object.entries(loaderFunctions())) {
    const bytes = makeLoader()
    bytes.copyWithin(0x11b0, offset, offset + 40)
    assert.throws(() => redirectLoader(readElf(bytes, 'twice'), LOADER_BASE, hooks), {
      code: 'LOADER_UNKNOWN',
      message: new RegExp(`its ${name} function was found 2 times`),
    })
  }
})

test('an ld.so whose errno lies outside its data is refused, at the displacement', () => {
  const bytes = makeLoader()
  bytes.writeInt32LE(-0x1000, loaderFunctions().read + 20)
  assert.throws(() => redirectLoader(readElf(bytes, 'errno'), LOADER_BASE, hooks), {
    code: 'LOADER_UNKNOWN',
    at: { file: 'errno', offset: loaderFunctions().read + 20 },
  })
})

suite('an ld.so for AArch64', () => {
  const functions = loaderFunctions(ARM64)
  const at = (bytes: Uint8Array, offset: number) => Buffer.from(bytes).readUInt32LE(offset)

  test('jumps to the hooks, and nothing else of it changes', () => {
    const bytes = makeLoader(ARM64)
    const patched = redirectLoader(readElf(bytes, 'ld.so'), LOADER_BASE, hooks)
    assert.equal(patched.errnoAddress, loaderErrno(ARM64))
    const expected = Buffer.from(bytes)
    for (const [hook, offset] of Object.entries(functions)) {
      // b: the distance in words, of 26 bits.
      const distance = (hooks[hook as keyof typeof hooks] - (LOADER_BASE + offset)) / 4
      assert.equal(at(patched.bytes, offset), (0x14000000 | (distance & 0x3ffffff)) >>> 0)
      Buffer.from(patched.bytes).copy(expected, offset, offset, offset + 4)
    }
    assert.deepEqual(Buffer.from(patched.bytes), expected)
  })

  test('is refused if it differs in any byte that is compared', () => {
    for (const [name, signature] of Object.entries(ARM64.loader.signatures)) {
      signature.split(' ').forEach((byte, i) => {
        if (byte === '..') return
        const bytes = makeLoader(ARM64)
        bytes[functions[name as LoaderFunction] + i]! ^= 0x40
        assert.throws(() => redirectLoader(readElf(bytes, 'other'), LOADER_BASE, hooks), {
          code: 'LOADER_UNKNOWN',
          message: new RegExp(`its ${name} function was found 0 times`),
        })
      })
    }
  })

  test('is refused if its errno is not in its data, or not named there', () => {
    for (const [change, word] of [
      [0x18, 0x90000001 /* adrp x1, this page */],
      [0x18, 0xd0000122 /* adrp x2 */],
    ] as const) {
      const bytes = makeLoader(ARM64)
      bytes.writeUInt32LE(word, functions.read + change)
      assert.throws(() => redirectLoader(readElf(bytes, 'errno'), LOADER_BASE, hooks), {
        code: 'LOADER_UNKNOWN',
        at: { file: 'errno', offset: functions.read + 0x18 },
      })
    }
  })
})

test('an ld.so without code is refused', () => {
  const bytes = makeLoader()
  bytes.writeUInt32LE(4, 64 + 56 + 4)
  assert.throws(() => redirectLoader(readElf(bytes, 'data'), LOADER_BASE, hooks), { code: 'LOADER_UNKNOWN' })
})

test('an ld.so with damaged code is redirected with errno in its data, or refused', () => {
  fc.assert(
    fc.property(mutations(0x200, 3), (changes) => {
      const bytes = makeLoader()
      mutate(bytes.subarray(0x1000, 0x1200), changes)
      const result = resultOrRefusal(() => redirectLoader(readElf(bytes, 'fuzzed'), LOADER_BASE, hooks))
      if (result instanceof BuildError) return assert.equal(result.code, 'LOADER_UNKNOWN')
      assert(result.errnoAddress >= 0x3800 && result.errnoAddress + 4 <= 0x39a0)
    }),
    FUZZ,
  )
})

test('an ld.so of nothing but the begin of a signature is refused in time', () => {
  // The worst case for a search that starts again at every hit.
  const anchor = Buffer.from('4189f248895424e04183e24075', 'hex')
  const size = 4 << 20
  const bytes = Buffer.concat([makeLoader().subarray(0, 0x1000), Buffer.alloc(size, anchor)])
  bytes.writeBigUInt64LE(BigInt(size), 64 + 56 + 32)
  bytes.writeBigUInt64LE(BigInt(size), 64 + 56 + 40)
  for (const i of [2, 3]) bytes.writeUInt32LE(4, 64 + 56 * i)
  const elf = readElf(bytes, 'repeated')
  assert.throws(() => bounded(() => redirectLoader(elf, LOADER_BASE, hooks)), { code: 'LOADER_UNKNOWN' })
})
