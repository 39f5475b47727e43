// Files that a program asks for under its own paths, and that nobody could know of: when it was tried they were not inside, and the
// project has them.

import { existsSync } from 'node:fs'
import path from 'node:path'

import type { Diagnostic } from './base/diagnostics.ts'

/** Whoever looks for these does without: packages, configurations of tools, what is the host's to say. */
const LOOKED_FOR =
  /(?:^|\/)(?:node_modules|package(?:-lock)?\.json|[jt]sconfig[^/]*\.json|\.git|\.env[^/]*|\.[^/]*rc(?:\.\w+)?|[^/]*\.map)(?:\/|$)/

/**
 * @param root directory of the project that the root of the embedded tree stands for
 * @param missing paths in that tree
 */
export function notEmbedded(root: string, missing: readonly string[]): Diagnostic[] {
  const names = [...new Set(missing.map((name) => path.normalize(name)))].toSorted()
  const there = names.filter((name) => !LOOKED_FOR.test(name) && existsSync(path.join(root, name)))
  // Of a directory and what lies in it, the directory is enough.
  const outermost = there.filter((name) => !there.some((other) => name.startsWith(`${other}/`)))
  return outermost.map((name) => ({
    severity: 'warning',
    code: 'NOT_EMBEDDED',
    message: `the program looks for ${name}, which is there in the project, but not inside`,
    at: { file: path.join(root, name) },
    help: `embed it: "include": ["${name}"] in the config, or --include; or name it by a path that can be followed`,
  }))
}
