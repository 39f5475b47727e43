// The code that has just come to the bootstrap, as it stands in its module: what it can know of an answer is told by
// the expression that asks.

import { BOOTSTRAP_FILE } from '../format/boot.ts'
import type { Internals } from './internals.ts'
import type { Archive } from './vfs/archive.ts'
import { toArchivePath } from './vfs/paths.ts'

/** The innermost are the bootstrap's own. */
const FRAMES = 8
const REACH = 100

export interface CodeAround {
  /** On the same line. */
  readonly before: string
  readonly after: string
}

interface CallSite {
  readonly scriptName: string
  readonly lineNumber: number
  readonly column: number
}

/** Undefined if it is no module of the archive. */
export function codeAtCallSite({ util }: Internals, archive: Archive): CodeAround | undefined {
  const sites = util.getCallSites(FRAMES) as CallSite[]
  const site = sites.find(({ scriptName }) => scriptName !== BOOTSTRAP_FILE)
  const path = site && toArchivePath(site.scriptName.replace(/^file:\/\//, ''))
  const entry = path === undefined ? undefined : archive.find(path)
  if (!site || !entry || entry.format === 0) return undefined
  const line = archive.code(entry).split('\n', site.lineNumber).at(-1) ?? ''
  const at = site.column - 1
  return { before: line.slice(Math.max(0, at - REACH), at), after: line.slice(at, at + REACH) }
}

const TYPEOF = /\btypeof\s+[\w$.]+\.$/
const END_OF_OPERAND = /^\w+(?!\s*[\w$.?[(`])/

/** Whether a property is read, and of its value nothing but the type is seen. */
export function isOperandOfTypeof({ before, after }: CodeAround): boolean {
  return TYPEOF.test(before) && END_OF_OPERAND.test(after)
}
