import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { nativeHeader, runsOn } from './native-code.ts'
import { platformOf } from './targets.ts'

function file(fields: Record<number, readonly number[]>): Uint8Array {
  const bytes = new Uint8Array(512)
  for (const [offset, values] of Object.entries(fields)) bytes.set(values, Number(offset))
  return bytes
}

for (const [name, bytes, expected] of [
  ['ELF, x64', file({ 0: [0x7f, 0x45, 0x4c, 0x46, 2, 1], 18: [62, 0] }), { os: 'linux', cpus: ['x64'] }],
  ['ELF, arm64', file({ 0: [0x7f, 0x45, 0x4c, 0x46, 2, 1], 18: [183, 0] }), { os: 'linux', cpus: ['arm64'] }],
  ['ELF, 32 bits', file({ 0: [0x7f, 0x45, 0x4c, 0x46, 1, 1], 18: [3, 0] }), { os: 'linux', cpus: [] }],
  ['Mach-O, arm64', file({ 0: [0xcf, 0xfa, 0xed, 0xfe, 12, 0, 0, 1] }), { os: 'darwin', cpus: ['arm64'] }],
  ['Mach-O, 32 bits', file({ 0: [0xce, 0xfa, 0xed, 0xfe] }), { os: 'darwin', cpus: [] }],
  [
    'universal',
    file({ 0: [0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2, 1, 0, 0, 7], 28: [1, 0, 0, 12] }),
    { os: 'darwin', cpus: ['x64', 'arm64'] },
  ],
  ['a Java class', file({ 0: [0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 52] }), undefined],
  [
    'PE, x64',
    file({ 0: [0x4d, 0x5a], 0x3c: [0x80], 0x80: [0x50, 0x45, 0, 0, 0x64, 0x86] }),
    { os: 'win32', cpus: ['x64'] },
  ],
  ['a DOS program', file({ 0: [0x4d, 0x5a], 0x3c: [0xff, 0xff] }), undefined],
  ['text', Buffer.from('#!/bin/sh\n'.padEnd(512)), undefined],
  ['an empty file', new Uint8Array(0), undefined],
] as const) {
  test(`what it runs on: ${name}`, () => assert.deepEqual(nativeHeader(bytes), expected))
}

test('this node runs on this machine, and on no other', () => {
  const header = nativeHeader(readFileSync(process.execPath))!
  assert.equal(runsOn(header, platformOf('linux-x64')), true)
  assert.equal(runsOn(header, platformOf('linux-arm64')), false)
  assert.equal(runsOn(header, platformOf('darwin-x64')), false)
})
