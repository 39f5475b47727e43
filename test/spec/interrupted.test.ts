// A build may end at any moment, and may have company: the output is either the old file or a
// complete new one, the next build is fine, and nothing else stays.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'

import { ownCache } from '../support/cache.ts'
import { INGOT, ingotBuild } from '../support/commands.ts'
import { outcomeOf, runInEmptyRoot } from '../support/empty-root.ts'
import { makeProject } from '../support/project.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { THOROUGH } from '../support/thorough.ts'

const OLD = 'the old program'
/** A frozen process is never the same twice; the rest of the bytes is. */
const ARGUMENTS = ['main.ts', '-o', 'program', '--start', 'cold']
const work = temporaryDirectory()
const { env: coldEnv } = await ownCache(work)

function start(project: string, env: NodeJS.ProcessEnv = process.env) {
  const args = [INGOT, 'build', ...ARGUMENTS]
  return spawn(process.execPath, args, { cwd: project, env: { ...env }, stdio: 'pipe' })
}

const hashOf = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex')

suite('an interrupted build', async () => {
  const project = makeProject(work)
  const out = path.join(project, 'program')
  await ingotBuild(ARGUMENTS, { cwd: project })
  const begin = performance.now()
  await ingotBuild(ARGUMENTS, { cwd: project })
  const elapsedMs = performance.now() - begin
  const complete = hashOf(out)
  const names = readdirSync(project)

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
    for (const part of THOROUGH ? [0.4, 0.8, 1.2] : [0.8]) {
      test(`${signal} after ${part} of its time`, async () => {
        writeFileSync(out, OLD)
        const child = start(project)
        const ended = outcomeOf(child)
        await setTimeout(part * elapsedMs)
        child.kill(signal)
        const { status, signal: by, stderr } = await ended
        const now = readFileSync(out)
        const isOld = now.equals(Buffer.from(OLD))
        if (!isOld) assert.equal(hashOf(out), complete)
        if (signal !== 'SIGKILL') {
          // Before Ingot listens the signal ends it; after that it ends itself.
          if (by === null && status !== 0) assert.equal(status, signal === 'SIGINT' ? 130 : 143, stderr)
          if (status === 0) assert.equal(isOld, false)
          assert.deepEqual(readdirSync(project), names)
        }

        await ingotBuild(ARGUMENTS, { cwd: project })
        assert.equal(hashOf(out), complete)
        assert.deepEqual(readdirSync(project), names)
      })
    }
  }
})

test('killed while it prepares the cache, it leaves nothing that the next build would use', async () => {
  const project = makeProject(work)
  for (const delay of THOROUGH ? [150, 250, 400] : [250]) {
    const child = start(project, coldEnv)
    const ended = outcomeOf(child)
    await setTimeout(delay)
    child.kill('SIGKILL')
    await ended
  }
  const { out } = await ingotBuild(ARGUMENTS, { cwd: project, env: coldEnv })
  assert.equal((await runInEmptyRoot(out)).stdout, 'hello from ingot\n')
  assert.deepEqual(
    readdirSync(project).filter((name) => name.startsWith('.')),
    [],
  )
})

if (THOROUGH)
  suite('two builds at once of the same output', async () => {
    const cold = await ownCache(work, 'cold')
    const caches = [
      ['with a cold cache', cold.env],
      ['with a warm cache', process.env],
    ] as const
    for (const [title, env] of THOROUGH ? caches : caches.slice(0, 1)) {
      test(title, async () => {
        const project = makeProject(work)
        const children = [1, 2, 3].map(() => start(project, env))
        const outcomes = await Promise.all(children.map((child) => outcomeOf(child)))
        for (const { status, stderr } of outcomes) assert.deepEqual([status, stderr], [0, ''])
        assert.deepEqual(readdirSync(project).toSorted(), [
          'ingot.lock',
          'main.ts',
          'package.json',
          'program',
        ])
        assert.equal((await runInEmptyRoot(path.join(project, 'program'))).stdout, 'hello from ingot\n')
        const { out } = await ingotBuild(['main.ts', '-o', 'alone', '--start', 'cold'], { cwd: project })
        assert.equal(hashOf(path.join(project, 'program')), hashOf(out))
      })
    }
  })
