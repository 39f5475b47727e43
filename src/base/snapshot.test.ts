import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'

import type { Inputs } from './inputs.ts'
import { isUnchanged, takeSnapshot, type Snapshot } from './snapshot.ts'

const root = mkdtempSync(path.join(tmpdir(), 'ingot-snapshot-'))
after(() => rmSync(root, { recursive: true, force: true }))
const LATER = Infinity

/** Two files, a link and two directories, and a snapshot of them as it is read back. */
function make(): { directory: string; at: (name: string) => string; inputs: Inputs; snapshot: Snapshot } {
  const directory = mkdtempSync(path.join(root, 'case-'))
  const at = (name: string) => path.join(directory, name)
  mkdirSync(at('src'))
  mkdirSync(at('data'))
  writeFileSync(at('src/a.ts'), 'a')
  writeFileSync(at('src/b.ts'), 'b')
  symlinkSync('b.ts', at('src/link'))
  const inputs: Inputs = {
    files: ['src/a.ts', 'src/b.ts', 'src/link', 'src/missing.json', 'none/x'].map(at),
    listings: [
      { directory: at('src'), names: 'modules' },
      { directory: at('data'), names: 'all' },
      { directory: at('absent'), names: 'modules' },
    ],
    variables: { MODE: 'x', UNSET: undefined },
  }
  const snapshot = JSON.parse(JSON.stringify(takeSnapshot(inputs, { MODE: 'x' }, LATER))) as Snapshot
  return { directory, at, inputs, snapshot }
}

type At = (name: string) => string

for (const [what, change] of [
  ['a file of another size', (at: At) => writeFileSync(at('src/a.ts'), 'aa')],
  [
    'a file of the same size, with its times set back',
    (at: At) => {
      const { atime, mtime } = statSync(at('src/a.ts'))
      writeFileSync(at('src/a.ts'), 'x')
      utimesSync(at('src/a.ts'), atime, mtime)
    },
  ],
  ['a file replaced', (at: At) => renameSync(at('src/b.ts'), at('src/a.ts'))],
  ['a file removed', (at: At) => rmSync(at('src/a.ts'))],
  ['a file with another mode', (at: At) => chmodSync(at('src/a.ts'), 0o755)],
  ['a missing file that came', (at: At) => writeFileSync(at('src/missing.json'), '')],
  [
    'a missing directory that came',
    (at: At) => {
      mkdirSync(at('none'))
      writeFileSync(at('none/x'), '')
    },
  ],
  [
    'a link that leads elsewhere',
    (at: At) => {
      rmSync(at('src/link'))
      symlinkSync('a.ts', at('src/link'))
    },
  ],
  ['a module beside the others', (at: At) => writeFileSync(at('src/a.js'), '')],
  ['a program without an extension beside them', (at: At) => writeFileSync(at('src/a'), '')],
  ['any name where all were looked at', (at: At) => mkdirSync(at('data/new'))],
  [
    'a module in a directory that was not there',
    (at: At) => {
      mkdirSync(at('absent'))
      writeFileSync(at('absent/index.js'), '')
    },
  ],
] as const) {
  test(`${what} is a change`, () => {
    const { at, snapshot } = make()
    assert.equal(isUnchanged(snapshot, { MODE: 'x' }), true)
    change(at)
    assert.equal(isUnchanged(snapshot, { MODE: 'x' }), false)
  })
}

test('what no build looks at is no change', () => {
  const { at, snapshot } = make()
  writeFileSync(at('src/output.log'), '')
  mkdirSync(at('src/results'))
  writeFileSync(at('src/new.ts'), '')
  rmSync(at('src/new.ts'))
  mkdirSync(at('absent'))
  assert.equal(isUnchanged(snapshot, { MODE: 'x', OTHER: '1' }), true)
})

test('variables count, set or not', () => {
  const { snapshot } = make()
  for (const env of [{}, { MODE: 'y' }, { MODE: 'x', UNSET: '' }])
    assert.equal(isUnchanged(snapshot, env), false)
})

test('there is no snapshot of what may have changed during the build', () => {
  const { at, inputs } = make()
  const env = { MODE: 'x' }
  const started = Date.now() + 1000
  assert.ok(takeSnapshot(inputs, env, started))
  assert.equal(takeSnapshot(inputs, env, Date.now() - 1000), undefined)
  const settled = ['src/a.ts', 'src/b.ts', 'src/link'].map(at)
  assert.ok(takeSnapshot(inputs, env, Date.now() - 1000, settled))
  assert.equal(takeSnapshot(inputs, { MODE: 'y' }, started), undefined)
  assert.equal(takeSnapshot({ ...inputs, incomplete: 'for a reason' }, env, started), undefined)
})
