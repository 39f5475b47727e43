// A second `ingot build`: it leaves the executable where it is exactly as long as another build would make the same.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, chmodSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import type { BuildOptions, BuildResult } from '../../src/base/build-result.ts'
import { buildUnlessUpToDate } from '../../src/up-to-date.ts'
import { ingot, ingotBuild, run } from '../support/commands.ts'
import { makeProject } from '../support/project.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { THOROUGH } from '../support/thorough.ts'

const FILES = {
  'package.json': { name: 'program', type: 'module' },
  '.gitignore': 'program\nother\n*.pem\n',
  'main.ts': `import { text } from './text.ts'\nconsole.log(text)\n`,
  'text.ts': `export const text: string = 'one'\n`,
  'unused.ts': '',
  'ingot.config.ts': `export default { start: 'cold', define: { MODE: JSON.stringify(process.env.MODE ?? 'none') } }\n`,
}

suite('a build of what is built', () => {
  const project = makeProject(temporaryDirectory(), FILES)
  const at = (name: string) => path.join(project, name)
  const git = (...args: string[]) => {
    const identity = ['-c', 'user.name=test', '-c', 'user.email=test@localhost']
    const { status, stderr } = spawnSync('git', [...identity, ...args], { cwd: project, encoding: 'utf8' })
    assert.equal(status, 0, stderr)
  }
  git('init', '--quiet')
  git('add', '.')
  git('commit', '--quiet', '-m', 'first')

  const build = async (options: BuildOptions = {}): Promise<BuildResult> => {
    await sleep(50) // what has changed within a tick of the kernel's clock may change once more
    const [outcome] = await buildUnlessUpToDate(
      { cwd: project, entry: 'main.ts', out: 'program', ...options },
      process.env,
    )
    if (outcome && 'result' in outcome) return outcome.result
    throw outcome?.error
  }
  const settled = async (options?: BuildOptions) => {
    await build(options)
    assert.equal((await build(options)).isUpToDate, true)
  }

  test('is left as it is, and reported as it was', async () => {
    const { elapsedMs: _, ...first } = await build()
    const { ino, mtimeMs } = statSync(first.out)
    const { elapsedMs: __, isUpToDate, ...second } = await build()
    assert.equal(isUpToDate, true)
    assert.deepEqual(second, JSON.parse(JSON.stringify(first)))
    assert.deepEqual([statSync(first.out).ino, statSync(first.out).mtimeMs], [ino, mtimeMs])
    assert.equal((await run(first.out, [])).stdout, 'one\n')
  })

  for (const [what, change] of [
    ['a module is another', () => writeFileSync(at('text.ts'), `export const text: string = 'two'\n`)],
    ['its configuration is another', () => appendFileSync(at('ingot.config.ts'), '\n')],
    ['its package.json is another', () => appendFileSync(at('package.json'), '\n')],
    ['it is gone', () => rmSync(at('program'))],
    ['somebody has written to it', () => appendFileSync(at('program'), 'x')],
    ['its mode is another', () => chmodSync(at('program'), 0o700)],
    ['it was touched', () => utimesSync(at('program'), 0, 0)],
    ['there is a commit', () => git('commit', '--quiet', '--all', '-m', 'next')],
    ['a tracked file that is not inside has changed', () => appendFileSync(at('unused.ts'), '\n')],
    ['a variable that the configuration reads is another', () => void (process.env['MODE'] = 'other')],
  ] as const) {
    test(`is made anew where ${what}`, { skip: !THOROUGH && what !== 'a module is another' }, async () => {
      await settled()
      change()
      assert.equal((await build()).isUpToDate, undefined)
      await settled()
    })
  }

  test('is another one with other options', { skip: !THOROUGH }, async () => {
    await settled()
    assert.equal((await build({ out: 'other' })).isUpToDate, undefined)
    assert.equal((await build({ minify: true })).isUpToDate, undefined)
    // The same file has another program now.
    assert.equal((await build()).isUpToDate, undefined)
  })

  test('is made anew where the key is another', { skip: !THOROUGH }, async () => {
    const makeKey = () =>
      spawnSync('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', at('key.pem')]).status
    assert.equal(makeKey(), 0)
    await settled({ sign: 'key.pem' })
    assert.equal(makeKey(), 0)
    assert.equal((await build({ sign: 'key.pem' })).isUpToDate, undefined)
  })

  test('fails again where it has failed', { skip: !THOROUGH }, async () => {
    await settled()
    writeFileSync(at('text.ts'), 'export const text: string = \n')
    await assert.rejects(build(), { name: 'BuildError' })
    await assert.rejects(build(), { name: 'BuildError' })
    writeFileSync(at('text.ts'), `export const text: string = 'three'\n`)
    const { out } = await build()
    assert.equal((await run(out, [])).stdout, 'three\n')
  })

  test('is said to be up to date, unless it is forced', async () => {
    const args = ['main.ts', '-o', 'program']
    await ingotBuild(args, { cwd: project })
    const { status, stdout } = await ingot(['build', ...args], { cwd: project })
    assert.equal(status, 0)
    assert.match(stdout, /^up to date program  [\d.]+ MB for linux-/)
    assert.equal((await ingotBuild(args, { cwd: project })).isUpToDate, undefined)
  })
})
