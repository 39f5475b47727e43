import assert from 'node:assert/strict'
import path from 'node:path'
import { test } from 'node:test'

import { temporaryProject } from '../config/project.fixture.ts'
import { lockedIntegrity } from './lockfile.ts'

const NPM = {
  lockfileVersion: 3,
  packages: {
    '': { name: 'app' },
    'node_modules/a': { version: '1.0.0', integrity: 'sha512-A' },
    'node_modules/@s/b': { version: '2.0.0', integrity: 'sha512-B' },
    'node_modules/a/node_modules/@s/b': { version: '1.5.0', integrity: 'sha512-old' },
    'node_modules/linked': { resolved: 'linked', link: true },
  },
}

const PNPM_9 = `lockfileVersion: '9.0'

importers:

  .:
    dependencies:
      a:
        specifier: ^1.0.0
        version: 1.0.0

packages:

  '@s/b@2.0.0':
    resolution: {integrity: sha512-B}
    engines: {node: '>=18'}

  '@s/b@1.5.0':
    resolution: {tarball: file:b.tgz, integrity: sha512-old}

  a@1.0.0:
    resolution: {integrity: sha512-A}

snapshots:

  a@1.0.0:
    dependencies:
      '@s/b': 1.5.0
`

const PNPM_6 = `lockfileVersion: '6.0'

packages:

  /@s/b@2.0.0:
    resolution: {integrity: sha512-B}
    dev: false

  /@s/b@1.5.0(a@1.0.0):
    resolution: {integrity: sha512-old}

  /a@1.0.0:
    resolution: {integrity: sha512-A}
`

const PNPM_5 = `lockfileVersion: 5.4

packages:

  /@s/b/2.0.0:
    resolution: {integrity: sha512-B}

  /@s/b/1.5.0_a@1.0.0:
    resolution: {integrity: sha512-old}

  /a/1.0.0:
    resolution: {integrity: sha512-A}
`

const YARN = `# yarn lockfile v1


"@s/b@^1.0.0", "@s/b@^1.5.0":
  version "1.5.0"
  resolved "https://registry/b#hash"
  integrity sha512-old

"@s/b@^2.0.0":
  version "2.0.0"
  integrity sha512-B

a@^1.0.0:
  version "1.0.0"
  resolved "https://registry/a#hash"
  integrity sha512-A
  dependencies:
    "@s/b" "^1.5.0"
`

for (const [name, content] of [
  ['package-lock.json', NPM],
  ['npm-shrinkwrap.json', NPM],
  ['node_modules/.package-lock.json', NPM],
  ['pnpm-lock.yaml', PNPM_9],
  ['pnpm-lock.yaml', PNPM_6],
  ['pnpm-lock.yaml', PNPM_5],
  ['yarn.lock', YARN],
] as const) {
  const kind = typeof content === 'string' ? content.split('\n')[0] : ''
  test(`${name} ${kind}`, (t) => {
    const root = temporaryProject(t, { [name]: content, 'packages/app/package.json': {} })
    // From a workspace, too.
    for (const project of [root, path.join(root, 'packages/app')]) {
      const integrityOf = lockedIntegrity(project)
      const found = [
        ['a', '1.0.0', 'node_modules/a'],
        ['@s/b', '2.0.0', 'node_modules/@s/b'],
        ['@s/b', '1.5.0', 'node_modules/a/node_modules/@s/b'],
        ['a', '1.0.1', 'node_modules/a'],
        ['c', '1.0.0', 'node_modules/c'],
        ['linked', '1.0.0', 'node_modules/linked'],
      ].map(([name, version, place]) =>
        integrityOf({ name: name!, version: version!, directory: path.join(root, place!) }),
      )
      assert.deepEqual(found, ['sha512-A', 'sha512-B', 'sha512-old', undefined, undefined, undefined])
    }
  })
}

test('none, and one that cannot be read', (t) => {
  for (const files of [
    {},
    { 'package-lock.json': '{' },
    { 'package-lock.json': 'null' },
    { 'package-lock.json': { lockfileVersion: 1, dependencies: {} } },
    { 'pnpm-lock.yaml': ': : :' },
  ]) {
    const root = temporaryProject(t, files)
    const directory = path.join(root, 'node_modules/a')
    assert.equal(lockedIntegrity(root)({ name: 'a', version: '1.0.0', directory }), undefined)
  }
})
