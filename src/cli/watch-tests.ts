// `ingot test --watch`: runs the tests, and again whenever something that they are made of has changed.

import type { BuildOptions, BuildResult } from '../base/build-result.ts'
import type { Host } from './host.ts'
import { watchInterrupts } from './interrupt.ts'
import { paintFor } from './render.ts'
import { createReporter } from './reporter.ts'

/** @returns the exit code once it is interrupted */
export async function watchTests(
  host: Host,
  words: readonly string[],
  args: readonly string[],
  options: BuildOptions,
): Promise<number> {
  const paint = paintFor(host.stderr, host.env)
  const reporter = createReporter('brief', host)
  const interrupt = watchInterrupts()
  const { signal } = interrupt
  while (!signal.aborted) {
    let program = await host.findProgram(words)
    // A build that failed is tried again after any change; one that did not, after one that matters to it.
    let isBuilt = program !== undefined
    if (program === undefined) {
      const built: BuildResult | undefined = await host.buildProgram(words, { ...options, signal }).then(
        (result) => (reporter.succeeded(result), result),
        (error) => void (signal.aborted || reporter.failed(error)),
      )
      program = built?.out
      isBuilt = (await host.findProgram(words)) !== undefined
    }
    const stop = new AbortController()
    const run = program === undefined ? Promise.resolve() : host.spawn(program, args, stop.signal)
    const shown = run.then(() => signal.aborted || host.stderr.write(paint('dim', 'waiting for changes\n')))
    await host.untilChanged(isBuilt ? words : undefined, signal)
    stop.abort()
    await shown
  }
  interrupt.release()
  return interrupt.exitCode() ?? 0
}
