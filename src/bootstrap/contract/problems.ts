// What keeps a program from starting, in one report.

export interface Problem {
  readonly what: string
  /** What to do about it, as an imperative sentence. */
  readonly remedy: string
}

/** EX_CONFIG of sysexits.h */
export const EX_CONFIG = 78

export function renderProblems(problems: readonly Problem[]): string {
  const count =
    problems.length === 1
      ? 'its contract is not kept'
      : `${problems.length} things are not as its contract says`
  const lines = problems.map(({ what, remedy }) => `  ${what}\n    help: ${remedy}\n`)
  return `ingot: this program does not start: ${count}\n${lines.join('')}`
}
