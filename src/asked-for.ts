// Files that a program asks for under its own paths, and that nobody could know of: when it was tried they were not inside, and the
// project has them.

import { existsSync } from 'node:fs'
import path from 'node:path'

import type { Diagnostic } from './base/diagnostics.ts'

/** Whoever looks for these does without: packages, configurations of tools, what is the host's to say. */
const LOOKED_FOR =
  /(?:^|\/)(?:node_modules|package(?:-lock)?\.json|[jt]sconfig[^/]*\.json|\.git|\.env[^/]*|\.[^/]*rc(?:\.\w+)?|[^/]*\.map)(?:\/|$)/

/** What of the graph it takes. */
interface Inside {
  readonly root: string
  readonly kept: readonly { readonly path: string }[]
  readonly bundled: readonly string[]
}

/** @param missing paths in the embedded tree */
export function notEmbedded({ root, kept, bundled }: Inside, missing: readonly string[]): Diagnostic[] {
  const there = missing
    .map((name) => path.normalize(name))
    .filter((name) => !LOOKED_FOR.test(name) && existsSync(path.join(root, name)))
  const inside = new Set([...kept.map((file) => file.path), ...bundled].flatMap(directoriesOf))
  // Of a directory of which nothing is inside, all may be wanted.
  const outermost = there.map((name) => directoriesOf(name).find((each) => !inside.has(each)) ?? name)
  return [...new Set(outermost)].toSorted().map((name) => ({
    severity: 'warning',
    code: 'NOT_EMBEDDED',
    message: `the program looks for ${name}, which is there in the project, but not inside`,
    at: { file: path.join(root, name) },
    help: `embed it: "include": ["${name}"] in the config, or --include; or name it by a path that can be followed`,
  }))
}

/** Those that a file lies in, the outermost first. */
function directoriesOf(file: string): string[] {
  const names = file.split('/').slice(0, -1)
  return names.map((_, i) => names.slice(0, i + 1).join('/'))
}
