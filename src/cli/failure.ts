import { BuildError, type Place } from '../base/diagnostics.ts'

/** What the user gets to know of an error, in every format. */
export interface Failure {
  readonly code: string
  readonly message: string
  readonly at?: Place
  readonly help?: string
  /** Of an unexpected error, with INGOT_DEBUG=1. */
  readonly stack?: string
  readonly exitCode: number
}

/** sysexits.h, EX_SOFTWARE */
const EXIT_INTERNAL = 70
const EXIT_USAGE = 2
const EXIT_FAILED = 1

export function failureOf(error: unknown, env: Readonly<Record<string, string | undefined>>): Failure {
  if (error instanceof BuildError) {
    return {
      code: error.code,
      message: error.message,
      ...(error.at && { at: error.at }),
      ...(error.help !== undefined && { help: error.help }),
      exitCode: error.code.startsWith('CLI_') ? EXIT_USAGE : EXIT_FAILED,
    }
  }
  const debug = env.INGOT_DEBUG === '1'
  const evidence = debug ? 'your command line' : 'your command line and the stack that INGOT_DEBUG=1 adds'
  return {
    code: 'INTERNAL',
    message: error instanceof Error ? error.message : String(error),
    help: `This is a bug in Ingot: please report it with ${evidence}.`,
    ...(debug && error instanceof Error && error.stack !== undefined && { stack: error.stack }),
    exitCode: EXIT_INTERNAL,
  }
}
