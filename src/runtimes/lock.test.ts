import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type BuildError, formatPlace } from '../base/diagnostics.ts'
import { formatLock, parseLock, readLock, updateLock } from './lock.ts'
import { makeHome } from './loopback.fixture.ts'

const SRI = `sha512-${'A'.repeat(86)}==`
const HEX = '0'.repeat(64)

const LOCK = {
  runtimes: { 'b@2.0.0': { integrity: SRI }, 'a@1.0.0': { integrity: SRI } },
  requests: { 'node@26 linux-x64': '26.10.0' },
  debian: { 'libc6=2.36': { sha256: HEX } },
  packages: { '@a/arm64@1.0.0': { integrity: SRI, os: ['linux'], cpu: ['arm64'] } },
  unpublished: ['@a/x64@^1.0.0'],
}

test('a lock is sorted, and reads back as it was written', () => {
  const text = formatLock(LOCK)
  assert.deepEqual(parseLock(text, 'ingot.lock'), LOCK)
  assert.ok(text.indexOf('a@1.0.0') < text.indexOf('b@2.0.0'))
  assert.equal(formatLock(parseLock(text, 'ingot.lock')), text)
  assert.ok(text.endsWith('}\n'))
})

test('no lock is an empty lock', (t) => {
  assert.deepEqual(readLock(makeHome(t).projectDir), {
    runtimes: {},
    requests: {},
    debian: {},
    packages: {},
    unpublished: [],
  })
})

test('an unchanged lock is not written again', (t) => {
  const { projectDir } = makeHome(t)
  updateLock(projectDir, () => LOCK)
  const { ino } = statSync(join(projectDir, 'ingot.lock'))
  updateLock(projectDir, (lock) => ({ ...lock }))
  assert.equal(statSync(join(projectDir, 'ingot.lock')).ino, ino)
  assert.deepEqual(readdirSync(projectDir), ['ingot.lock'])
})

test('changes of two resolvers are both kept', async (t) => {
  const { projectDir } = makeHome(t)
  const update = async (name: string) => {
    updateLock(projectDir, (lock) => ({ ...lock, requests: { ...lock.requests, [name]: '1.0.0' } }))
  }
  await Promise.all([update('x'), update('y')])
  assert.deepEqual(Object.keys(readLock(projectDir).requests), ['x', 'y'])
})

test('a lock that cannot be written says so', (t) => {
  const { projectDir } = makeHome(t)
  assert.throws(() => updateLock(join(projectDir, 'missing'), () => LOCK), { code: 'LOCK_UNWRITABLE' })
})

const GOOD = formatLock(LOCK)

const INVALID: readonly [name: string, text: string, line: number, message: RegExp][] = [
  ['a merge conflict', GOOD.replace('  "requests"', '<<<<<<< HEAD\n  "requests"'), 11, /JSON/],
  ['a missing comma', GOOD.replace('"26.10.0"\n  },', '"26.10.0"\n  }'), 14, /JSON/],
  ['a cut-off file', GOOD.split('\n').slice(0, 5).join('\n'), 5, /JSON/],
  ['an empty file', '', 1, /JSON/],
  ['a list', '[]', 1, /not a JSON object/],
  ['another version', GOOD.replace(': 1,', ': 2,'), 2, /lockfileVersion is 2, this Ingot reads 1/],
  ['no version', '{}', 1, /lockfileVersion is undefined/],
  ['a short hash', GOOD.replace(SRI, 'sha512-AAAA'), 4, /"a@1.0.0" in "runtimes" is malformed/],
  ['a range', GOOD.replace('"26.10.0"', '"^26"'), 12, /"node@26 linux-x64" in "requests"/],
  ['a path for a version', GOOD.replace('"26.10.0"', '"../../x"'), 12, /malformed/],
  [
    'a section that is a list',
    GOOD.replace(/"debian": \{[^]*\n {2}\}/, '"debian": []'),
    14,
    /"debian" is not an object/,
  ],
]

for (const [name, text, line, message] of INVALID) {
  test(`${name} is refused at line ${line}`, (t) => {
    const { projectDir } = makeHome(t)
    const file = join(projectDir, 'ingot.lock')
    writeFileSync(file, text)
    assert.throws(
      () => readLock(projectDir),
      (error: BuildError) => {
        assert.equal(error.code, 'LOCK_INVALID')
        assert.match(error.message, message)
        assert.equal(error.at && formatPlace(error.at), `${file}:${line}`)
        return true
      },
    )
    assert.equal(readFileSync(file, 'utf8'), text)
  })
}
