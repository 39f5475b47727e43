// Programs ask for single flags long before they read their command line: `process.argv.includes('--x')`. In a build
// run such a question is answered "no", and the answer becomes a guard: a start with that argument is a cold one.
// A copy is filled when it is thawed (argument-copies.ts). Whoever wants more of process.argv gets it, and that is a
// barrier.

import type { CopyArguments } from './argument-copies.ts'
import type { CodeAround } from './call-site.ts'
import { tellerOf } from './control.ts'
import type { Internals } from './internals.ts'

/** The expression must be nothing but the question: then nobody holds the array that is asked. */
const QUESTION = /^(?:process\s*)?\.?\s*argv\s*\.\s*(?:indexOf|includes)\s*\(/
/** And nothing but the copy: then nobody has looked at it yet. */
const COPY = /^(?:process\s*)?\.?\s*argv\s*\.\s*slice\s*\(\s*\d*\s*\)(?!\s*[.?[(`])/
const FLAG = /^-[\w-]{1,100}$/

/**
 * What stands in for the array where the code that reads process.argv only asks it such a question.
 * @param all gives the array itself
 */
export function answerQuestion(
  { fs }: Internals,
  code: CodeAround,
  all: () => string[],
  copy: CopyArguments,
): Partial<Pick<string[], 'indexOf' | 'includes' | 'slice'>> | undefined {
  if (copy && COPY.test(code.after)) return { slice: (from = 0) => copy(from) }
  if (!QUESTION.test(code.after)) return undefined
  const tell = tellerOf(fs)
  const isAbsent = (flag: unknown, rest: unknown[]) =>
    typeof flag === 'string' && FLAG.test(flag) && rest.length === 0 && tell(`no-argument/${flag}`)
  return {
    indexOf: (flag, ...rest) => (isAbsent(flag, rest) ? -1 : all().indexOf(flag, ...rest)),
    includes: (flag, ...rest) => (isAbsent(flag, rest) ? false : all().includes(flag, ...rest)),
  }
}
