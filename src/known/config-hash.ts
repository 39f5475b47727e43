// The configuration as one number: the same wherever the project lies, and whatever the output is called.

import { hash } from 'node:crypto'
import path from 'node:path'

import type { ResolvedConfig } from '../config/config.ts'

export function hashConfig(config: ResolvedConfig): string {
  const { projectDir, runtime } = config
  // A runtime that is a file is known by its bytes, which have a hash of their own.
  const named = runtime.kind === 'npm' ? runtime : { kind: runtime.kind }
  const unplaced = { ...config, projectDir: undefined, out: undefined, runtime: named }
  return hash('sha256', JSON.stringify(portable(unplaced, projectDir)))
}

/** With sorted keys, and paths of the machine as seen from the project. */
function portable(value: unknown, projectDir: string): unknown {
  if (typeof value === 'string') return path.isAbsolute(value) ? path.relative(projectDir, value) : value
  if (Array.isArray(value)) return value.map((item) => portable(item, projectDir))
  if (typeof value !== 'object' || value === null) return value
  const sorted = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(sorted.map(([key, item]) => [key, portable(item, projectDir)]))
}
