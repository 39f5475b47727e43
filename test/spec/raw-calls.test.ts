// Addons that make system calls without libc see the embedded files (image/elf/addon-calls.ts).

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

import { ingotBuild, run, runNode } from '../support/commands.ts'
import { withCompiledAddon } from '../support/compiled-addon.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { skip } from './elf/executable.fixture.ts'

test('an addon that asks the kernel finds what is inside', { skip }, async () => {
  const project = await withCompiledAddon(temporaryDirectory(), 'raw-calls')
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
