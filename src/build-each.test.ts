import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { BuildOptions, StageEvent } from './base/build-result.ts'
import { buildEach } from './build-each.ts'
import { sampleResult } from './cli/host.fixture.ts'
import { temporaryProject } from './config/project.fixture.ts'

test('one fails, and the others are built; stages say which they are of', async (t) => {
  const cwd = temporaryProject(t, { 'package.json': { name: 'app' }, 'main.ts': '' })
  const events: StageEvent[] = []
  const error = new Error('no such addon')
  const build = async ({ target, onStage }: BuildOptions) => {
    onStage?.({ stage: 'graph', state: 'start' })
    if (target === 'win32-x64') throw error
    return sampleResult
  }
  const options = {
    cwd,
    target: ['win32-x64', 'linux-x64'],
    onStage: (event: StageEvent) => events.push(event),
  }
  assert.deepEqual(await buildEach(options, build), [
    { target: 'win32-x64', error },
    { target: 'linux-x64', result: sampleResult },
  ])
  assert.deepEqual(
    events.map(({ target }) => target),
    ['win32-x64', 'linux-x64'],
  )
})
