// Projects of test/fixtures with an addon in C, of which the prototypes are in the source.

import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import path from 'node:path'

import { needTool } from '../spec/elf/executable.fixture.ts'
import { REPOSITORY, run } from './commands.ts'

/** A copy of the fixture of this name in `directory`, with addon.node beside addon.c. */
export async function withCompiledAddon(directory: string, fixture: string): Promise<string> {
  needTool('gcc', 'gcc')
  const project = path.join(directory, 'project')
  cpSync(path.join(REPOSITORY, 'test/fixtures', fixture), project, { recursive: true })
  const compile = ['-shared', '-fPIC', '-O2', '-o', 'addon.node', 'addon.c']
  const { status, stderr } = await run('gcc', compile, { cwd: project })
  assert.deepEqual([status, stderr], [0, ''])
  return project
}
