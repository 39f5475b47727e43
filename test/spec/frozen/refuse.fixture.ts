// A command that runs others with some of their system calls refused.

import assert from 'node:assert/strict'
import path from 'node:path'

import { REPOSITORY, run } from '../../support/commands.ts'
import { needTool } from '../elf/executable.fixture.ts'

/** test/fixtures/refuse.c says how it is called. */
export async function buildRefuse(directory: string): Promise<string> {
  needTool('gcc', 'gcc')
  const out = path.join(directory, 'refuse')
  const source = path.join(REPOSITORY, 'test/fixtures/refuse.c')
  const { status, stderr } = await run('gcc', ['-O1', '-Wall', '-o', out, source])
  assert.equal(status, 0, stderr)
  return out
}
