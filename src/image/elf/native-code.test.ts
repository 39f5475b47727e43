import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { test } from 'node:test'

import type { BuildError } from '../../base/diagnostics.ts'
import { readDynamic } from './dynamic.ts'
import { inspectNativeCode, type NativeFile } from './native-code.ts'
import { readElf } from './read.ts'

// A real shared object that links to libc: node itself.
const bytes = readFileSync(process.execPath)
const file = (path: string, name = 'package') => ({ file: path, path, package: name, bytes })
const info = readDynamic(readElf(bytes, 'node'))
const everything = new Map(info.needed.map((soname) => [soname, new Set(info.neededVersions.get(soname))]))
const tooOld = new Map([...everything, ['libc.so.6', new Set(['GLIBC_2.2.5', 'GLIBC_2.3'])]])
const moduleVersion = process.versions.modules
const inspect = (files: NativeFile[], system: typeof everything) =>
  inspectNativeCode(files, { system, moduleVersion })

test('node links to libc and says which versions', () => {
  assert.ok(info.needed.includes('libc.so.6'))
  assert.ok(info.neededVersions.get('libc.so.6')!.some((version) => /^GLIBC_2\.\d+$/.test(version)))
})

test('code whose libraries are there is listed without a word', () => {
  const { code, diagnostics } = inspect([file('a.node')], everything)
  assert.deepEqual(diagnostics, [])
  const [{ path, needs, versions } = assert.fail(), ...others] = code
  assert.deepEqual([path, needs, others], ['a.node', info.needed, []])
  assert.deepEqual(versions.toSorted(), [...new Set([...info.neededVersions.values()].flat())].toSorted())
  assert(versions.indexOf('GLIBC_2.3') < versions.indexOf('GLIBC_2.14'), 'as numbers')
})

test('code for a newer system is refused with what it needs and what there is', () => {
  assert.throws(
    () => inspect([file('a.node'), file('b.node')], tooOld),
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
  const [warning, ...others] = inspect([file('a.node')], without).diagnostics
  assert.deepEqual([warning?.code, others.length], ['NATIVE_LIBRARY_MISSING', 0])
  assert.match(warning!.message, /libatomic\.so\.1/)
  assert.deepEqual(inspect([file('a.node'), file('lib/libatomic.so.1')], without).diagnostics, [])
})

// An addon that uses Node-API, and so is for every node until a name in it says otherwise.
const ADDON = readFileSync(createRequire(import.meta.url).resolve('@rolldown/binding-linux-x64-gnu'))

test('an addon for another node is refused, unless the package has one for this', () => {
  const addon = (version: string, path: string) => ({
    ...file(path),
    bytes: Buffer.concat([ADDON, Buffer.from(`\0node_register_module_v${version}\0`)]),
  })
  const [mine, other] = [addon(moduleVersion, 'mine.node'), addon('115', 'other.node')]
  assert.throws(() => inspect([other], everything), /NODE_MODULE_VERSION 115/)
  assert.deepEqual(
    inspect([mine, other], everything)
      .diagnostics.filter(({ code }) => code === 'NATIVE_VERSION')
      .map(({ severity, at }) => [severity, at?.file]),
    [['info', 'other.node']],
  )
})
