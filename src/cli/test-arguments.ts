// The command line of `ingot test`: Ingot's options and patterns, and options of node's test runner, which go to it
// as they are.

export interface TestArguments {
  /** Ingot's own, and what names test files. */
  readonly own: readonly string[]
  /** For the runner. */
  readonly runner: readonly string[]
  /** Files that the runner is asked to load: they come along. */
  readonly loaded: readonly string[]
}

const RUNNER_OPTION =
  /^--(?:no-)?(?:experimental-)?test-|^(?:--import|--require|-r|--conditions|-C|--enable-source-maps)(?:=|$)/
const WITHOUT_VALUE =
  /^--no-|^--(?:test-(?:only|force-exit|update-snapshots|randomize|coverage-include-all)|experimental-test-(?:coverage|module-mocks)|enable-source-maps)$/
const LOADING = new Set(['--test-reporter', '--test-global-setup', '--import', '--require', '-r'])

export function splitTestArguments(argv: readonly string[]): TestArguments {
  const own: string[] = []
  const runner: string[] = []
  const loaded: string[] = []
  const pending = [...argv]
  for (let arg = pending.shift(); arg !== undefined; arg = pending.shift()) {
    if (arg === '--') {
      runner.push(...pending)
      break
    }
    if (!RUNNER_OPTION.test(arg)) {
      own.push(arg)
      continue
    }
    runner.push(arg)
    const [, name = '', inline] = /^([^=]+)(?:=([^]*))?$/.exec(arg) ?? []
    if (inline === undefined && !WITHOUT_VALUE.test(arg) && pending[0] !== undefined)
      runner.push(pending.shift()!)
    const value = inline ?? runner.at(-1)!
    if (LOADING.has(name) && /^\.{1,2}\//.test(value)) loaded.push(value)
  }
  return { own, runner, loaded }
}
