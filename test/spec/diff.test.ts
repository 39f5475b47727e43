// `ingot diff`: what has changed between two executables, and nothing else.

import assert from 'node:assert/strict'
import { closeSync, copyFileSync, openSync, statSync, writeSync } from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'

import type { Differences } from '../../src/inspect/differences.ts'
import { readExecutable, readRegions } from '../../src/inspect/read-executable.ts'
import { ingot, ingotBuild } from '../support/commands.ts'
import type { Files } from '../support/files.ts'
import { makeProject } from '../support/project.ts'
import { temporaryDirectory } from '../support/temporary.ts'

function project(version: 'old' | 'new'): Files {
  const isNew = version === 'new'
  const modules = {
    'node_modules/kept/package.json': {
      name: 'kept',
      version: isNew ? '1.1.0' : '1.0.0',
      license: isNew ? 'AGPL-3.0-only' : 'MIT',
    },
    'node_modules/kept/index.js': 'exports.kept = 1\n',
    'node_modules/same/package.json': { name: 'same', version: '3.0.0' },
    'node_modules/same/index.js': 'exports.same = 1\n',
    [`node_modules/${version}/package.json`]: { name: version, version: '1.0.0' },
    [`node_modules/${version}/index.js`]: '',
  }
  return {
    'package.json': { name: 'app', version: isNew ? '1.1.0' : '1.0.0', type: 'module' },
    'package-lock.json': {
      lockfileVersion: 3,
      packages: { 'node_modules/same': { version: '3.0.0', integrity: isNew ? 'sha512-b' : 'sha512-a' } },
    },
    'main.js': `import 'kept'
import 'same'
import '${version}'
import './${version}.js'
new URL('./data.txt', import.meta.url)
`,
    [`${version}.js`]: 'export {}\n',
    'data.txt': isNew ? 'ab' : 'ba',
    // Names as an attacker would choose them.
    ...(isNew && { 'odd/\u001B[2J</script>\n.txt': '' }),
    ...modules,
  }
}

suite('ingot diff', () => {
  const directory = temporaryDirectory()
  const [old, next] = [path.join(directory, 'a'), path.join(directory, 'b')]

  before(async () => {
    for (const [out, version] of [
      [old, 'old'],
      [next, 'new'],
    ] as const) {
      const cwd = makeProject(directory, project(version))
      await ingotBuild(['main.js', '-o', out, '--start', 'cold', '--include', 'odd/**'], { cwd })
    }
  })

  const diff = async (...args: string[]) => {
    const { status, stdout, stderr } = await ingot(['diff', ...args])
    assert.equal(stderr, '')
    return { status, stdout }
  }

  test('names packages, files and facts that have changed, as data', async () => {
    const { status, stdout } = await diff(old, next, '--json')
    const { isSame, facts, packages, files, native, libraries, parts } = JSON.parse(stdout) as Differences
    assert.deepEqual([status, isSame], [0, false])
    const names = (list: readonly { readonly path: string }[]) => list.map((item) => item.path)
    assert.deepEqual(names(packages.added), ['node_modules/new'])
    assert.deepEqual(names(packages.removed), ['node_modules/old'])
    assert.deepEqual(
      packages.changed.map(({ before, after }) => [
        after.name,
        before.version,
        after.version,
        before.integrity,
        after.integrity,
      ]),
      [
        ['kept', '1.0.0', '1.1.0', undefined, undefined],
        ['same', '3.0.0', '3.0.0', 'sha512-a', 'sha512-b'],
      ],
    )
    assert.ok(names(files.added).includes('new.js'))
    assert.ok(names(files.removed).includes('old.js'))
    assert.ok(
      files.changed.some(({ name, before, after }) => name === 'data.txt' && before.size === after.size),
    )
    assert.ok(!files.changed.some(({ name }) => name === 'node_modules/same/index.js'))
    assert.deepEqual(facts.find(({ name }) => name === 'program')?.after, 'app 1.1.0')
    assert.deepEqual([native, libraries.changed], [{ added: [], removed: [], changed: [] }, []])
    assert.ok(!parts.some(({ name }) => name === 'runtime' || name === 'libraries'))
  })

  test('as text, without what a terminal would obey', async () => {
    const { stdout } = await diff(old, next)
    assert.match(stdout, /^ {2}~ kept {2}1\.0\.0 -> 1\.1\.0, license MIT -> AGPL-3\.0-only$/m)
    assert.match(stdout, /^ {2}~ same 3\.0\.0 {2}integrity sha512-a -> sha512-b$/m)
    assert.match(stdout, /^ {2}~ data\.txt {2}2 B, other content$/m)
    assert.match(stdout, /odd\/\\u\{1b\}\[2J<\/script>\\u\{a\}\.txt/)
    assert.ok(!stdout.includes('\u001B'))
  })

  test('--exit-code', async () => {
    assert.equal((await diff(old, next, '--exit-code')).status, 1)
    const copy = path.join(directory, 'copy')
    copyFileSync(old, copy)
    const { status, stdout } = await diff(old, copy, '--exit-code')
    assert.deepEqual([status, /the same bytes/.test(stdout)], [0, true])
  })

  test('bytes that no part has a name for are a difference, too', async () => {
    const copy = path.join(directory, 'padded')
    copyFileSync(old, copy)
    const { fileOffset } = readRegions(old).find(({ part }) => part === 'padding')!
    const file = openSync(copy, 'r+')
    writeSync(file, Buffer.from([1]), 0, 1, fileOffset)
    closeSync(file)
    const { status, stdout } = await diff(old, copy, '--exit-code')
    assert.deepEqual([status, /only other bytes/.test(stdout)], [1, true])
  })

  test('a file that is none of ours is refused, and so is one argument', async () => {
    const { status, stderr } = await ingot(['diff', old, process.execPath])
    assert.deepEqual([status, /IMAGE_NOT_(?:ELF|INGOT)/.test(stderr)], [1, true])
    assert.match((await ingot(['diff', old])).stderr, /CLI_ARGUMENT.*two files/)
  })

  test('every byte of a file is in one region, of a frozen one too', async () => {
    const { out: frozen } = await ingotBuild(['main.ts', '-o', 'out', '--start', 'frozen'], {
      cwd: makeProject(directory),
    })
    for (const file of [next, frozen]) {
      let end = 0
      for (const { fileOffset, size } of readRegions(file)) {
        assert.equal(fileOffset, end)
        end += size
      }
      assert.equal(end, statSync(file).size)
    }
    const memory = readRegions(frozen).filter(({ part }) => part === 'frozen process')
    assert.equal(
      memory.reduce((sum, { size }) => sum + size, 0),
      readExecutable(frozen).parts.frozen,
    )
  })
})
