// Coverage in an executable of tests. node counts from its start if a variable is set, which the launcher hides
// (launch.c); the runner's children have it all the same.

import type { Internals } from './internals.ts'

/** @param onStart what is compiled from then on has to be compiled from its source: a code cache has no counters */
export function installCoverage({ profiler, requireBuiltin }: Internals, onStart: () => void): void {
  const { startCoverage } = profiler
  profiler.startCoverage = () => {
    onStart()
    startCoverage()
  }
  const { NODE_V8_COVERAGE: directory } = process.env
  if (!directory) return
  process.env.NODE_V8_COVERAGE = requireBuiltin('internal/util').setupCoverageHooks(directory)
  profiler.startCoverage()
  // Where node would write it, exit.ts may have ended the process.
  process.on('exit', () => profiler.takeCoverage())
}
