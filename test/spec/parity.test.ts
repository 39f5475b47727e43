// The embedded file system, loaders, processes and workers are node's own: programs that ask them
// about everything print the same inside an executable as under plain node.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdtempSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'

import { ingotBuild, REPOSITORY } from '../support/commands.ts'
import { runInEmptyRoot } from '../support/empty-root.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const FIXTURES = path.join(REPOSITORY, 'test/fixtures/parity')

suite('parity with plain node', () => {
  const work = temporaryDirectory()
  const project = path.join(work, 'project')
  cpSync(FIXTURES, project, { recursive: true, verbatimSymlinks: true })

  // More than node reads at once, with characters on every boundary.
  writeFileSync(path.join(project, 'large.txt'), 'x' + 'é'.repeat(700_000) + 'the end')

  for (const name of ['fs', 'reads', 'copies', 'processes']) {
    test(name, async () => {
      const out = path.join(work, name)
      const runtime = `node@${process.versions.node}`
      await ingotBuild(
        [
          `${name}.mjs`,
          '-o',
          out,
          '--include=tree',
          '--include=hook*',
          '--include=*.{cjs,txt}',
          '--runtime',
          runtime,
        ],
        { cwd: project },
      )
      const plain = spawnSync(process.execPath, [`${name}.mjs`, scratch(work)], {
        cwd: project,
        encoding: 'utf8',
        env: {},
      })
      assert.equal(plain.status, 0, plain.stderr)
      const own = scratch(work)
      const inside = await runInEmptyRoot(out, { proc: true, args: [own], binds: [own] })
      assert.deepEqual(lines(inside.stdout), lines(plain.stdout), inside.stderr)
      assert.equal(inside.status, 0)
    })
  }
})

/** A directory that nobody, who runs the executable, may write to. */
function scratch(parent: string): string {
  const directory = mkdtempSync(path.join(parent, 'scratch-'))
  chmodSync(directory, 0o777)
  return directory
}

/** The program's own directory has another name inside. */
function lines(output: string): string[] {
  return output.split('\n').map((line) => line.replaceAll('/dev/null/app', '<here>'))
}
