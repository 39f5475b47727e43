// "Plain Node is the specification": a program under node, and as an executable in an empty root.

import assert from 'node:assert/strict'
import path from 'node:path'

import type { BuildResult } from '../../src/base/build-result.ts'
import type { Runtime } from '../../src/runtimes/runtime.ts'
import { ingotBuild, run } from './commands.ts'
import { runInEmptyRoot, type Outcome, type RootOptions } from './empty-root.ts'
import { START } from './thorough.ts'

interface Comparison extends Pick<RootOptions, 'args' | 'binds' | 'proc'> {
  /** The one that runs the tests by default. */
  readonly node?: Pick<Runtime, 'file' | 'version'>
  /** Of `ingot build`. */
  readonly flags?: readonly string[]
}

const OWN_NODE = { file: process.execPath, version: process.versions.node }

/** Fails unless both print and do the same; the program's own directory has another name inside. */
export async function sameAsPlainNode(
  project: string,
  entry: string,
  { node = OWN_NODE, flags = [], args = [], ...options }: Comparison = {},
): Promise<BuildResult> {
  const plain = await run(node.file, [entry, ...args], { cwd: project, env: {} })
  assert.equal(plain.status, 0, plain.stderr)
  const out = path.join(project, `${path.parse(entry).name}-executable`)
  const runtime = `node@${node.version}`
  const result = await ingotBuild([entry, '-o', out, '--runtime', runtime, ...START, ...flags], {
    cwd: project,
  })
  const inside = await runInEmptyRoot(out, { args, ...options })
  assert.deepEqual(
    { status: inside.status, ...comparable(inside, '/dev/null/app') },
    { status: 0, ...comparable(plain, project) },
  )
  return result
}

/** Without the place, and what warnings say of process and program. */
function comparable({ stdout, stderr }: Outcome, directory: string) {
  const placeless = (text: string) => text.replaceAll(directory, '<here>').split('\n')
  const warnings = stderr.replaceAll(/\(node:\d+\)|`[\w-]+ --trace/g, '')
  return { stderr: placeless(warnings), lines: placeless(stdout) }
}
