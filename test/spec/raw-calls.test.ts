// Addons that make system calls without libc see the embedded files (image/elf/addon-calls.ts).

import assert from 'node:assert/strict'
import { cpSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

import { ingotBuild, REPOSITORY, run, runNode } from '../support/commands.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { needTool, skip } from './elf/executable.fixture.ts'

test('an addon that asks the kernel finds what is inside', { skip }, async () => {
  needTool('gcc', 'gcc')
  const project = path.join(temporaryDirectory(), 'project')
  cpSync(path.join(REPOSITORY, 'test/fixtures/raw-calls'), project, { recursive: true })
  const compile = ['-shared', '-fPIC', '-O2', '-o', 'addon.node', 'addon.c']
  const compiled = await run('gcc', compile, { cwd: project })
  assert.deepEqual([compiled.status, compiled.stderr], [0, ''])
  const plain = await runNode([path.join(project, 'main.cjs')], { cwd: '/' })
  assert.match(plain.stdout, /^data\/a\.txt 100000$/m)
  const original = readFileSync(path.join(project, 'addon.node'))
  for (const start of ['frozen', 'cold']) {
    const { out } = await ingotBuild(['main.cjs', '-o', start, '--start', start, '--include=data'], {
      cwd: project,
    })
    assert.deepEqual(await run(out, [], { cwd: '/' }), plain, start)
  }
  assert.deepEqual(readFileSync(path.join(project, 'addon.node')), original)
})
