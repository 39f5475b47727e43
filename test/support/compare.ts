// "Plain Node is the specification": a program under node, and as an executable in an empty root.

import assert from 'node:assert/strict'
import path from 'node:path'

import type { BuildResult } from '../../src/base/build-result.ts'
import { ingotBuild, runNode } from './commands.ts'
import { runInEmptyRoot, type RootOptions } from './empty-root.ts'

interface Comparison extends Pick<RootOptions, 'args' | 'proc'> {
  /** Of `ingot build`. */
  readonly flags?: readonly string[]
}

/** Fails unless both print and do the same; the program's own directory has another name inside. */
export async function sameAsPlainNode(
  project: string,
  entry: string,
  { flags = [], args = [], ...options }: Comparison = {},
): Promise<BuildResult> {
  const env = { NODE_NO_WARNINGS: '1' }
  const plain = await runNode([entry, ...args], { cwd: project, env })
  assert.equal(plain.status, 0, plain.stderr)
  const out = path.join(project, `${path.parse(entry).name}-executable`)
  const runtime = `node@${process.versions.node}`
  const result = await ingotBuild([entry, '-o', out, '--runtime', runtime, ...flags], { cwd: project })
  const inside = await runInEmptyRoot(out, { env, args, ...options })
  assert.deepEqual(
    { status: inside.status, stderr: inside.stderr, lines: placeless(inside.stdout, '/dev/null/app') },
    { status: 0, stderr: plain.stderr, lines: placeless(plain.stdout, project) },
  )
  return result
}

function placeless(text: string, directory: string): string[] {
  return text.replaceAll(directory, '<here>').split('\n')
}
