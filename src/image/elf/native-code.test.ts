import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import type { BuildError } from '../../base/diagnostics.ts'
import { readDynamic } from './dynamic.ts'
import { inspectNativeCode } from './native-code.ts'
import { readElf } from './read.ts'

// A real shared object that links to libc: node itself.
const bytes = readFileSync(process.execPath)
const file = (path: string, name = 'package') => ({ file: path, path, package: name, bytes })
const info = readDynamic(readElf(bytes, 'node'))
const everything = new Map(info.needed.map((soname) => [soname, new Set(info.neededVersions.get(soname))]))
const tooOld = new Map([...everything, ['libc.so.6', new Set(['GLIBC_2.2.5', 'GLIBC_2.3'])]])

test('node links to libc and says which versions', () => {
  assert.ok(info.needed.includes('libc.so.6'))
  assert.ok(info.neededVersions.get('libc.so.6')!.some((version) => /^GLIBC_2\.\d+$/.test(version)))
})

test('code whose libraries are there is listed without a word', () => {
  const { code, diagnostics } = inspectNativeCode([file('a.node')], everything)
  assert.deepEqual(diagnostics, [])
  assert.deepEqual(code, [{ path: 'a.node', needs: info.needed }])
})

test('code for a newer system is refused with what it needs and what there is', () => {
  assert.throws(
    () => inspectNativeCode([file('a.node'), file('b.node')], tooOld),
    (error: BuildError) => {
      assert.equal(error.code, 'NATIVE_VERSION')
      assert.match(error.message, /it needs .*GLIBC_2\.\d+.* of libc\.so\.6, the executable has GLIBC_2\.3/)
      assert.equal(error.at?.file, 'a.node')
      return true
    },
  )
})

test('a library that is nowhere is a warning, one beside the code is not', () => {
  const without = new Map([...everything].filter(([soname]) => soname !== 'libatomic.so.1'))
  const [warning, ...others] = inspectNativeCode([file('a.node')], without).diagnostics
  assert.deepEqual([warning?.code, others.length], ['NATIVE_LIBRARY_MISSING', 0])
  assert.match(warning!.message, /libatomic\.so\.1/)
  assert.deepEqual(inspectNativeCode([file('a.node'), file('lib/libatomic.so.1')], without).diagnostics, [])
})
