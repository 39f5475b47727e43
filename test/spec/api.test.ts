// `import { build } from 'ingot'`, several programs in one executable, and the same bytes every time.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, cpSync, existsSync, readFileSync, statSync, utimesSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'

import type { BuildResult } from '../../src/base/build-result.ts'
import { build, BuildError } from '../../src/index.ts'
import { ownCache } from '../support/cache.ts'
import { ingotBuild, REPOSITORY, runNode } from '../support/commands.ts'
import { runInEmptyRoot } from '../support/empty-root.ts'
import { writeFiles } from '../support/files.ts'
import { HELLO, makeProject } from '../support/project.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { THOROUGH } from '../support/thorough.ts'

const work = temporaryDirectory()
const API = path.join(REPOSITORY, 'src/index.ts')
const hashOf = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex')

suite('the API', () => {
  test('returns the facts and the diagnostics, and prints nothing', async () => {
    const project = makeProject(work, { ...HELLO, 'main.ts': `await import(process.argv[2] ?? 'node:fs')\n` })
    const script = path.join(project, 'script.ts')
    writeFiles(project, {
      'script.ts': `import { writeFileSync } from 'node:fs'
import { build } from ${JSON.stringify(API)}
const stages: string[] = []
const result = await build({ entry: 'main.ts', out: 'program', cwd: ${JSON.stringify(project)}, onStage: ({ stage, state }) => stages.push(stage + ' ' + state) })
writeFileSync(${JSON.stringify(path.join(project, 'facts.json'))}, JSON.stringify({ result, stages }))
`,
    })
    const said = await runNode([script], { cwd: '/' })
    assert.deepEqual(said, { status: 0, signal: null, stdout: '', stderr: '' })
    const facts = JSON.parse(readFileSync(path.join(project, 'facts.json'), 'utf8'))
    const { result, stages } = facts as { result: BuildResult; stages: string[] }
    assert.equal(result.out, path.join(project, 'program'))
    assert.equal(result.size, statSync(result.out).size)
    assert.equal(result.target, 'linux-x64')
    assert.match(result.moduleGraph, /^[0-9a-f]{64}$/)
    assert.match(result.runtime.version, /^26\.\d+\.\d+$/)
    assert.equal(
      Object.values(result.parts).every((bytes) => Number.isInteger(bytes) && bytes >= 0),
      true,
    )
    assert.deepEqual(
      result.diagnostics.map(({ code, at }) => [code, at?.file, at?.line]),
      [['DYNAMIC_IMPORT', path.join(project, 'main.ts'), 1]],
    )
    for (const stage of ['config', 'runtime', 'graph', 'payload', 'output']) {
      assert.ok(stages.indexOf(`${stage} start`) < stages.indexOf(`${stage} done`), stage)
    }
  })

  test('throws what went wrong, with code, place and remedy', async () => {
    const project = makeProject(work, { ...HELLO, 'main.ts': `import 'nowhere'\n` })
    await assert.rejects(build({ entry: 'main.ts', cwd: project }), (error: unknown) => {
      assert.ok(error instanceof BuildError)
      assert.equal(error.code, 'UNRESOLVED_IMPORT')
      assert.deepEqual(error.at, { file: path.join(project, 'main.ts'), line: 1, column: 8 })
      assert.match(error.help ?? '', /npm install nowhere/)
      return true
    })
  })

  test('stops when it is told to', async () => {
    const project = makeProject(work)
    const signal = AbortSignal.abort(new Error('enough'))
    await assert.rejects(build({ entry: 'main.ts', out: 'out', cwd: project, signal }), /enough/)
    assert.equal(existsSync(path.join(project, 'out')), false)
  })
})

suite('several programs in one executable', () => {
  const files = {
    'package.json': { name: 'box', type: 'module' },
    'shared.ts': `export const show = (name: string): void => console.log(name, process.argv.slice(2).join())\n`,
    'first.ts': `import { show } from './shared.ts'\nshow('first')\n`,
    'second.ts': `import { show } from './shared.ts'\nshow('second')\n`,
  }

  test('are chosen by argv[0], else by the first argument, else the first runs', async () => {
    const project = makeProject(work, files)
    const { out } = await ingotBuild(['first.ts', 'other=second.ts', '-o', 'box'], { cwd: project })
    const said = async (name: string, ...args: string[]) => (await runInEmptyRoot(out, { name, args })).stdout
    assert.equal(await said('box', 'a'), 'first a\n')
    assert.equal(await said('other', 'first'), 'second first\n')
    assert.equal(await said('box', 'other', 'b'), 'second b\n')
    assert.equal(await said('first', 'other'), 'first other\n')
  })

  test('may be named in the configuration', async () => {
    const config = `export default { entry: { one: 'first.ts', two: 'second.ts' }, out: 'box' }\n`
    const project = makeProject(work, { ...files, 'ingot.config.ts': config })
    const { out } = await ingotBuild([], { cwd: project })
    assert.equal((await runInEmptyRoot(out, { name: 'two' })).stdout, 'second \n')
  })
})

suite('the same source gives the same bytes', () => {
  const files = {
    'package.json': { name: 'same', type: 'module' },
    'main.ts': `import { readFileSync } from 'node:fs'
import { b } from './b.ts'
console.log(b, readFileSync(new URL('./asset.txt', import.meta.url), 'utf8'))
export const lazy = () => import('./c.ts')
`,
    'b.ts': `export enum B { One }\nexport const b = B.One\n`,
    'c.ts': `export default 1\n`,
    'asset.txt': 'asset\n',
    'z/include.txt': 'z\n',
  }
  const flags = ['main.ts', '--include', 'z', '-o', 'program', '--start', 'cold']

  for (const more of [[], ['--bundle', '--sourcemap']]) {
    test(['in two directories, at two times', ...more].join(' '), async () => {
      const project = makeProject(work, files)
      const other = path.join(work, 'elsewhere', 'with a longer name', path.basename(project))
      cpSync(project, other, { recursive: true })
      for (const name of Object.keys(files)) utimesSync(path.join(other, name), 1, 1)
      const [one, two] = [
        await ingotBuild([...flags, ...more], { cwd: project }),
        await ingotBuild([...flags, ...more], {
          cwd: other,
          env: { ...process.env, TZ: 'Asia/Tokyo', LANG: 'de_DE.UTF-8' },
        }),
      ]
      assert.equal(hashOf(one.out), hashOf(two.out))
    })
  }

  if (THOROUGH)
    test(
      'with cold and warm caches, as another user',
      { skip: process.getuid?.() !== 0 && 'needs root' },
      async () => {
        const project = makeProject(work, files)
        const one = await ingotBuild([...flags], { cwd: project })
        const home = path.join(work, 'nobody')
        await ownCache(work, 'nobody')
        const theirs = path.join(home, 'project')
        cpSync(project, theirs, { recursive: true })
        for (const directory of [work, home, theirs]) chmodSync(directory, 0o755)
        spawnSync('chown', ['-R', '65534:65534', home])
        const command = [process.execPath, path.join(REPOSITORY, 'bin/ingot.mjs'), 'build', ...flags, '-q']
        const { status, stderr } = spawnSync(
          'setpriv',
          ['--reuid=65534', '--regid=65534', '--clear-groups', ...command],
          {
            cwd: theirs,
            env: { PATH: process.env['PATH'], HOME: home, XDG_CACHE_HOME: home, npm_config_offline: 'true' },
            encoding: 'utf8',
          },
        )
        assert.equal(status, 0, stderr)
        assert.equal(hashOf(path.join(theirs, 'program')), hashOf(one.out))
      },
    )
})
