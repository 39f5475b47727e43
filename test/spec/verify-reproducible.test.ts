// `ingot build --verify-reproducible`: what is the same twice is said to be, and what is not is found.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'

import { ingot, ingotBuild, ingotFails, run } from '../support/commands.ts'
import { copyOfExample } from '../support/example.ts'
import type { Files } from '../support/files.ts'
import { makeProject } from '../support/project.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { THOROUGH } from '../support/thorough.ts'

/** Two packages as pnpm lays them out, a licence, an asset, a lockfile, TypeScript that a compiler has to see. */
const PROJECT: Files = {
  'package.json': { name: 'app', version: '1.0.0', type: 'module', dependencies: { a: '1.0.0' } },
  'package-lock.json': {
    lockfileVersion: 3,
    packages: { 'node_modules/.store/a/node_modules/a': { version: '1.0.0', integrity: 'sha512-abc' } },
  },
  'tsconfig.json': { extends: './base.json' },
  'base.json': { compilerOptions: { jsx: 'react', jsxFactory: 'h' } },
  'src/main.tsx': `import { readFileSync } from 'node:fs'
import a from 'a'
enum Kind { One = 1 }
const h = (name: string) => name
console.log(a, Kind.One, <b />, readFileSync(new URL('../data.txt', import.meta.url), 'utf8'))
`,
  'data.txt': 'data',
  'node_modules/.store/a/node_modules/a/package.json': { name: 'a', version: '1.0.0', license: 'MIT' },
  'node_modules/.store/a/node_modules/a/LICENSE': 'do what you want',
  'node_modules/.store/a/node_modules/a/index.js': "module.exports = require('b')\n",
  'node_modules/.store/b/package.json': { name: 'b', version: '2.0.0' },
  'node_modules/.store/b/index.js': "module.exports = 'b'\n",
}

function pnpmProject(parent: string): string {
  const cwd = makeProject(parent, PROJECT)
  symlinkSync('.store/a/node_modules/a', path.join(cwd, 'node_modules/a'))
  symlinkSync('../../b', path.join(cwd, 'node_modules/.store/a/node_modules/b'))
  return cwd
}

async function git(cwd: string, ...args: string[]): Promise<void> {
  const identity = ['-c', 'user.name=x', '-c', 'user.email=x@example.com']
  const { status, stderr } = await run('git', [...identity, ...args], { cwd })
  assert.equal(status, 0, stderr)
}

suite('ingot build --verify-reproducible', () => {
  const directory = temporaryDirectory()

  if (THOROUGH)
    test('links, packages, assets and compiled sources in a repository', async () => {
      const cwd = pnpmProject(directory)
      await git(cwd, 'init', '-q')
      writeFileSync(path.join(cwd, '.gitignore'), 'out*\n')
      const args = ['src/main.tsx', '-o', 'out', '--verify-reproducible', '--start', 'cold']
      await ingotBuild(['src/main.tsx', '-o', 'out', '--start', 'cold'], { cwd }) // writes ingot.lock
      await git(cwd, 'add', '-A')
      await git(cwd, 'commit', '-q', '-m', 'all')

      const clean = await ingotBuild(args, { cwd })
      const { sha256, size, frozenLeftOut, unless } = clean.reproduction!
      assert.equal(sha256, createHash('sha256').update(readFileSync(clean.out)).digest('hex'))
      assert.deepEqual([size, frozenLeftOut, unless], [clean.size, false, []])
      assert.equal((await run(clean.out, [])).stdout, 'b 1 b data\n')

      if (!THOROUGH) return
      writeFileSync(path.join(cwd, 'data.txt'), 'changed')
      const dirty = await ingotBuild(args, { cwd })
      assert.match(dirty.reproduction!.unless.join(), /not committed/)
    })

  if (THOROUGH)
    test('a frozen process is left out, and that is said', async () => {
      const cwd = makeProject(directory, { 'main.ts': 'console.log(1)\n' })
      const args = ['build', 'main.ts', '-o', 'out', '--verify-reproducible']
      const { status, stdout, stderr } = await ingot(args, { cwd })
      assert.equal(status, 0, stderr)
      assert.match(
        stdout,
        /^ {2}same twice {2}sha256 [0-9a-f]{64} {2}with --start cold: a frozen process is another one/m,
      )
    })

  if (THOROUGH) {
    for (const [name, entry, ...flags] of [
      ['cli', 'src/main.ts', '--minify'],
      ['addon', 'main.ts'],
    ] as const) {
      test(`examples/${name} ${flags.join(' ')}`, async () => {
        const cwd = await copyOfExample(name)
        const result = await ingotBuild([entry, '-o', 'out', ...flags, '--verify-reproducible'], { cwd })
        assert.deepEqual(result.reproduction!.unless, [])
      })
    }

    test('absolute paths on the command line, seen through a link, of a project in a repository', async () => {
      const real = makeProject(directory, {
        'main.ts': 'console.log(1)\n',
        'a.txt': 'a',
        '.gitignore': 'ingot.lock\n',
      })
      await git(real, 'init', '-q')
      await git(real, 'add', '-A')
      await git(real, 'commit', '-q', '-m', 'all')
      const link = path.join(directory, 'link')
      symlinkSync(real, link)
      const entry = path.join(link, 'main.ts')
      const flags = ['--include', path.join(link, '*.txt'), '--start', 'cold', '--verify-reproducible']
      const result = await ingotBuild([`app=${entry}`, '-o', path.join(directory, 'linked'), ...flags], {
        cwd: '/',
      })
      assert.equal(result.modules.assets, 1)
      assert.equal(result.reproduction!.size, result.size)
    })
  }

  const differing = [
    {
      title: 'a time in a module',
      config: `export default { bundle: true, define: { BUILT: JSON.stringify(String(performance.timeOrigin)) } }`,
      place:
        /^a second build gives other bytes: the content of \S*main\S* differs \(first in .* at its byte \d+\)$/,
    },
    {
      title: 'a file that depends on the locale',
      config: `import { writeFileSync } from 'node:fs'
        const name = new Intl.DateTimeFormat().resolvedOptions().timeZone.replace('/', '-')
        writeFileSync(new URL(name + '.txt', import.meta.url), '')
        export default { include: [name + '.txt'] }`,
      place: /\.txt is in one of them only/,
    },
  ]
  for (const { title, config, place } of THOROUGH ? differing : differing.slice(0, 1)) {
    test(`${title} is named`, async () => {
      const cwd = makeProject(directory, {
        'package.json': { type: 'module' },
        'main.ts': 'declare const BUILT: string\nconsole.log(typeof BUILT === "string" && BUILT)\n',
        'ingot.config.ts': config,
      })
      mkdirSync(path.join(cwd, 'bin'))
      const out = path.join(cwd, 'bin/out')
      const { status, error } = await ingotFails(
        ['main.ts', '-o', out, '--start', 'cold', '--verify-reproducible'],
        { cwd },
      )
      assert.deepEqual([status, error.code, error.at?.file], [1, 'REPRODUCIBLE_DIFFERS', out])
      assert.match(error.message, place)
      const [first, second] = [readFileSync(out), readFileSync(`${out}.again`)]
      const offset = error.at!.offset!
      assert.ok(first.subarray(0, offset).equals(second.subarray(0, offset)))
      assert.notEqual(first[offset], second[offset])
      assert.match(error.help!, /ingot diff \S+ \S+\.again/)
    })
  }

  if (THOROUGH)
    test('a build that needs what it does not name is no success', async () => {
      const cwd = makeProject(directory, {
        'package.json': { type: 'module' },
        'main.ts': 'console.log(1)\n',
        'data/secret.txt': '1',
        'ingot.config.ts': `import { execFileSync } from 'node:child_process'
        const define = execFileSync('cat', [new URL('data/secret.txt', import.meta.url).pathname], { encoding: 'utf8' })
        export default { define: { SECRET: define } }`,
      })
      const { error } = await ingotFails(['main.ts', '-o', 'out', '--verify-reproducible'], { cwd })
      assert.equal(error.code, 'REPRODUCIBLE_NOT_BUILT')
      assert.match(error.help ?? '', /which is not all/)
      assert.ok(existsSync(path.join(cwd, 'out')), 'what the first build has made stays')
    })
})
