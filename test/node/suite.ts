// Node's own tests of one subject: an executable holds them, and they pass inside, but for the list in differing.ts.
// One that does not is run under plain Node: it may not pass on this machine at all.
//
// All of them take some minutes, so only CI and .ci/run run all; elsewhere it is every 24th of a
// subject.

import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'

import { ingotBuild } from '../support/commands.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { THOROUGH } from '../support/thorough.ts'
import { DIFFERING, type Subject } from './differing.ts'
import { runNodeTest } from './run-test.ts'
import { nodeTestSources } from './source.ts'

const EVERY = THOROUGH ? 1 : 24
/** Where the tests are inside; their fixtures are found relative to their own place. */
const INSIDE = '/dev/null/app/test'

export function nodeTests(subject: Subject): void {
  const chosen = JSON.parse(
    readFileSync(path.join(import.meta.dirname, `chosen/${subject}.json`), 'utf8'),
  ) as readonly string[]
  const differing = DIFFERING[subject]
  const isRun = (_name: string, at: number): boolean => at % EVERY === 0

  // What is of files and of modules is what the executables change most.
  const isSpare = !THOROUGH && subject !== 'fs' && subject !== 'modules'
  suite(`node's own tests: ${subject}`, { concurrency: 2, skip: isSpare && 'with CI only' }, () => {
    const project = path.join(temporaryDirectory(), 'project')
    const executable = path.join(project, 'node-tests')

    before(async () => {
      const sources = await nodeTestSources()
      for (const name of ['common', 'fixtures', ...chosen]) {
        const target = path.join(project, 'test', name)
        mkdirSync(path.dirname(target), { recursive: true })
        cpSync(path.join(sources, name), target, { recursive: true, verbatimSymlinks: true })
      }
      writeFileSync(path.join(project, 'package.json'), '{ "name": "node-tests" }')
      writeFileSync(path.join(project, 'main.cjs'), '// the tests are started by their path\n')
      // The tests are of the node that runs them here.
      const runtime = ['--runtime', `node@${process.versions.node}`]
      await ingotBuild(['main.cjs', '-o', executable, '--no-bundle', '--include', 'test/**', ...runtime], {
        cwd: project,
      })
    })

    test('the lists', () => {
      assert.ok(chosen.length > 100)
      assert.equal(new Set(chosen).size, chosen.length, 'each once')
      const unknown = Object.keys(differing).filter((name) => !chosen.includes(name))
      assert.deepEqual(unknown, [], 'listed, but not chosen')
    })

    for (const name of chosen.filter(isRun)) {
      test(name, async () => {
        const inside = () => passes(executable, `${INSIDE}/${name}`)
        const plain = () => passes(process.execPath, path.join(project, 'test', name))
        const reason = differing[name]
        if (reason === undefined) return inside().catch(async (error) => (await plain(), assert.fail(error)))
        await plain()
        const { status } = await runNodeTest(executable, `${INSIDE}/${name}`)
        return assert.notEqual(status, 0, `it passes: take it from the list, where it is because ${reason}`)
      })
    }
  })
}

/** Tests with timers, or of what a pipe has not taken yet at the end, may fail on a busy machine. */
async function passes(program: string, name: string): Promise<void> {
  let run = await runNodeTest(program, name)
  for (let more = 2; more > 0 && run.status !== 0; more--) run = await runNodeTest(program, name)
  assert.equal(run.status, 0, run.output)
  assert.equal(run.skipped, false, run.output)
}
