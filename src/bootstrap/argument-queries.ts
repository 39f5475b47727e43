// Programs ask for single flags long before they read their command line: `process.argv.includes('--x')`. In a build
// run such a question is answered "no", and the answer becomes a guard: a start with that argument is a cold one.
// Whoever wants more of process.argv gets it, and that is a barrier.

import { BOOTSTRAP_FILE } from '../format/boot.ts'
import { tellerOf } from './control.ts'
import type { Internals } from './internals.ts'
import type { Archive } from './vfs/archive.ts'
import { toArchivePath } from './vfs/paths.ts'

/** The expression must be nothing but the question: then nobody holds the array that is asked. */
const QUESTION = /^(?:process\s*)?\.?\s*argv\s*\.\s*(?:indexOf|includes)\s*\(/
/** The innermost are the bootstrap's own. */
const FRAMES = 8
const FLAG = /^-[\w-]{1,100}$/

interface CallSite {
  readonly scriptName: string
  readonly lineNumber: number
  readonly column: number
}

/**
 * What stands in for the array where the code that reads process.argv only asks it such a question.
 * @param all gives the array itself
 */
export function answerQuestion(
  { fs, util }: Internals,
  archive: Archive,
  all: () => string[],
): Pick<string[], 'indexOf' | 'includes'> | undefined {
  const tell = tellerOf(fs)
  const sites = util.getCallSites(FRAMES) as CallSite[]
  const site = sites.find(({ scriptName }) => scriptName !== BOOTSTRAP_FILE)
  if (!site || !QUESTION.test(textAt(archive, site))) return undefined
  const isAbsent = (flag: unknown, rest: unknown[]) =>
    typeof flag === 'string' && FLAG.test(flag) && rest.length === 0 && tell(`no-argument/${flag}`)
  return {
    indexOf: (flag, ...rest) => (isAbsent(flag, rest) ? -1 : all().indexOf(flag, ...rest)),
    includes: (flag, ...rest) => (isAbsent(flag, rest) ? false : all().includes(flag, ...rest)),
  }
}

function textAt(archive: Archive, { scriptName, lineNumber, column }: CallSite): string {
  const path = toArchivePath(scriptName.replace(/^file:\/\//, ''))
  const entry = path === undefined ? undefined : archive.find(path)
  if (!entry || entry.format === 0) return ''
  const line = archive.code(entry).split('\n', lineNumber).at(-1) ?? ''
  return line.slice(column - 1, column + 100)
}
