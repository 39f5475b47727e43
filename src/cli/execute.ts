// Runs a program of the cache, building it first if need be. It takes this process's place: standard streams,
// signals, terminal, exit code and process number are its own, as if it had been started by hand.

import type { BuildOptions, StageEvent } from '../base/build-result.ts'
import { BuildError } from '../base/diagnostics.ts'
import type { Host } from './host.ts'
import { watchInterrupts } from './interrupt.ts'
import { createReporter } from './reporter.ts'

/**
 * @param words what names the program: the part of the command line that says what is built
 * @returns an exit code, if it could not be started
 */
export async function buildAndExecute(
  host: Host,
  words: readonly string[],
  args: readonly string[],
  options: () => BuildOptions,
): Promise<number> {
  const reporter = createReporter('brief', host)
  try {
    const found = (await host.findProgram(words)) ?? (await build(host, words, options()))
    if (typeof found === 'number') return found
    execute(host, found, args)
    return 0
  } catch (error) {
    return reporter.failed(error)
  }
}

/** The executable, or an exit code. */
async function build(host: Host, words: readonly string[], options: BuildOptions): Promise<string | number> {
  const reporter = createReporter('brief', host)
  const interrupt = watchInterrupts()
  try {
    const onStage = (event: StageEvent) => reporter.stage(event)
    const { signal } = interrupt
    const result = await host.buildProgram(words, { ...options, cwd: host.cwd, signal, onStage })
    reporter.succeeded(result)
    return interrupt.exitCode() ?? result.out
  } catch (error) {
    const failed = reporter.failed(interrupt.signal.aborted ? interrupt.signal.reason : error)
    return interrupt.exitCode() ?? failed
  } finally {
    interrupt.release()
  }
}

function execute(host: Host, file: string, args: readonly string[]): void {
  try {
    host.execute(file, args)
  } catch (cause) {
    const isTooLong = (cause as NodeJS.ErrnoException).code === 'E2BIG'
    throw new BuildError('RUN_FAILED', `the program cannot be started: ${(cause as Error).message}`, {
      at: { file },
      help: isTooLong
        ? 'pass fewer arguments, or less in the environment'
        : 'set XDG_CACHE_HOME to a directory from which programs may be executed, or use "ingot build"',
      cause,
    })
  }
}
