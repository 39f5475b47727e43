import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareVersions, newestInRange, newestMatching, requireSupported } from './version.ts'

const VERSIONS = ['26.9.0', '26.10.0', '26.10.1', '26.9.10', '24.1.0', '27.0.0-rc.1', '2.0.0']

const NEWEST: readonly [wanted: string, expected: string | undefined][] = [
  ['26', '26.10.1'],
  ['26.9', '26.9.10'],
  ['26.1', undefined],
  ['26.10.0', '26.10.0'],
  ['2', '2.0.0'],
  ['27', undefined],
]

for (const [wanted, expected] of NEWEST) {
  test(`the newest of ${wanted} is ${expected ?? 'not there'}`, () => {
    assert.equal(newestMatching(wanted, VERSIONS), expected)
  })
}

test('versions compare by number', () => {
  assert.deepEqual(['26.10.0', '26.9.9', '3.0.0'].toSorted(compareVersions), ['3.0.0', '26.9.9', '26.10.0'])
})

for (const version of ['26', '26.7', '26.7.0', '26.10', '27', '100.0.0']) {
  test(`${version} can work`, () => requireSupported(version))
}

for (const version of ['24', '26.6', '26.6.9', '25.99.99', '9']) {
  test(`${version} is too old`, () => {
    assert.throws(() => requireSupported(version), { code: 'RUNTIME_TOO_OLD' })
  })
}

for (const version of ['', 'latest', '^26', '26.x', 'v26', '26.10.0-rc.1', '26..1', '../26']) {
  test(`${JSON.stringify(version)} is not a version`, () => {
    assert.throws(() => requireSupported(version), { code: 'RUNTIME_NOT_FOUND' })
  })
}

for (const [range, expected] of [
  ['1.2.3', '1.2.3'],
  ['9.9.9', undefined],
  ['2.0.0-beta.1', '2.0.0-beta.1'],
  ['^1.2.3', '1.10.0'],
  ['^1.11.0', undefined],
  ['~1.2.3', '1.2.9'],
  ['^0.25.1', '0.25.4'],
  ['1.x', '1.10.0'],
  ['1.2', '1.2.9'],
  ['*', '2.0.0'],
  ['>=1 <2 || 3', '2.0.0'],
] as const) {
  test(`the newest in ${range} is ${expected ?? 'not there'}`, () => {
    const versions = ['1.2.3', '1.2.9', '1.10.0', '0.25.4', '0.26.0', '2.0.0', '2.0.0-beta.1']
    assert.equal(newestInRange(range, versions), expected)
  })
}
