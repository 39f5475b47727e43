import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test, type TestContext } from 'node:test'

import { temporaryProject } from '../config/project.fixture.ts'
import { lookAtGit, vcsOf } from './git.ts'

interface Repository {
  readonly directory: string
  git(...args: string[]): string
  /** Of a build of these files. */
  look(...files: string[]): Promise<ReturnType<typeof vcsOf>>
}

function repository(t: TestContext): Repository {
  const directory = temporaryProject(t, { 'main.ts': '', 'lib/a.ts': '', '.gitignore': 'ignored\n' })
  const git = (...args: string[]): string => {
    const identity = ['-c', 'user.name=test', '-c', 'user.email=test@localhost']
    const result = spawnSync('git', [...identity, ...args], { cwd: directory, encoding: 'utf8' })
    assert.equal(result.status, 0, result.stderr)
    return result.stdout.trim()
  }
  git('init', '--quiet')
  git('add', '.')
  git('commit', '--quiet', '-m', 'first')
  const look: Repository['look'] = async (...files) =>
    vcsOf(
      await lookAtGit(path.join(directory, 'lib')),
      files.map((file) => path.join(directory, file)),
    )
  return { directory, git, look }
}

test('a clean tree, seen from below its top', async (t) => {
  const { git, look } = repository(t)
  assert.deepEqual(await look('main.ts', 'lib/a.ts'), { commit: git('rev-parse', 'HEAD'), dirty: false })
})

for (const [what, change] of [
  ['changed', (directory: string) => writeFileSync(path.join(directory, 'lib/a.ts'), 'a')],
  ['removed', (directory: string) => rmSync(path.join(directory, 'lib/a.ts'))],
  [
    'renamed',
    (directory: string) => renameSync(path.join(directory, 'lib/a.ts'), path.join(directory, 'lib/b c.ts')),
  ],
] as const) {
  test(`a tracked file that is ${what}, inside or not`, async (t) => {
    const { directory, git, look } = repository(t)
    change(directory)
    assert.equal((await look('main.ts'))!.dirty, true)
    git('add', '--all')
    assert.equal((await look('main.ts'))!.dirty, true, 'staged')
    git('commit', '--quiet', '-m', 'second')
    assert.deepEqual(await look('main.ts'), { commit: git('rev-parse', 'HEAD'), dirty: false })
  })
}

test('a file that is not tracked counts if it is inside', async (t) => {
  const { directory, look } = repository(t)
  mkdirSync(path.join(directory, 'new dir'))
  for (const file of ['new.ts', 'new dir/ä.ts', 'ignored']) writeFileSync(path.join(directory, file), '')
  assert.equal((await look('main.ts'))!.dirty, false)
  assert.equal((await look('main.ts', 'ignored'))!.dirty, false)
  assert.equal((await look('main.ts', 'new.ts'))!.dirty, true)
  assert.equal((await look('main.ts', 'new dir/ä.ts'))!.dirty, true)
  assert.equal((await look('main.ts', 'new'))!.dirty, false)
})

test('through a link', async (t) => {
  const { directory, git } = repository(t)
  const link = `${directory}-link`
  symlinkSync(directory, link)
  t.after(() => rmSync(link))
  writeFileSync(path.join(directory, 'new.ts'), '')
  const vcs = vcsOf(await lookAtGit(link), [path.join(directory, 'new.ts')])
  assert.deepEqual(vcs, { commit: git('rev-parse', 'HEAD'), dirty: true })
})

test('no repository, none that can be read, no commit, no git: nothing is known', async (t) => {
  assert.equal(await lookAtGit(temporaryProject(t, { 'main.ts': '' })), undefined)
  assert.equal(await lookAtGit(temporaryProject(t, { '.git': 'gitdir: nowhere' })), undefined)
  const empty = temporaryProject(t, {})
  spawnSync('git', ['init', '--quiet'], { cwd: empty })
  assert.equal(await lookAtGit(empty), undefined)
  const { directory } = repository(t)
  const { PATH } = process.env
  process.env['PATH'] = directory
  t.after(() => (process.env['PATH'] = PATH))
  assert.equal(await lookAtGit(directory), undefined)
})
