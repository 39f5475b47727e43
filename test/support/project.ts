// A small project in a directory of its own, and what a build that fails must leave of it.

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

import { ingotFails, type CommandOptions, type FailedBuild } from './commands.ts'
import { writeFiles, type Files } from './files.ts'

export const HELLO: Files = {
  'package.json': { name: 'hello', type: 'module' },
  'main.ts': `const text: string = 'hello from ingot'\nconsole.log(text)\n`,
}

export function makeProject(parent: string, files: Files = HELLO): string {
  return writeFiles(mkdtempSync(path.join(parent, 'project-')), files)
}

/** Names that were not there before, ingot.lock left aside: it may be written at any time. */
export function newNames(directory: string, before: readonly string[]): string[] {
  return readdirSync(directory).filter((name) => !before.includes(name) && name !== 'ingot.lock')
}

/** A build that fails, once where there is no output yet and once where there is an old one. */
export async function failsCleanly(
  project: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<FailedBuild> {
  const out = path.join(project, 'program')
  const given = { cwd: project, ...options }
  const before = readdirSync(project)
  const first = await ingotFails([...args, '-o', out], given)
  assert.equal(existsSync(out), false, 'no output')
  assert.deepEqual(newNames(project, before), [], 'no temporary files')

  writeFileSync(out, 'the old program')
  const second = await ingotFails([...args, '-o', out], given)
  assert.deepEqual(second, first)
  assert.equal(readFileSync(out, 'utf8'), 'the old program')
  assert.deepEqual(newNames(project, before), ['program'], 'no temporary files')
  return first
}
