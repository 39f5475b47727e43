// Ctrl-C and SIGTERM. Output is replaced atomically, so a build may be left at any moment.

import { BuildError } from '../base/diagnostics.ts'

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const
/** A native call does not look at our AbortSignal: it gets this long to come back. */
const GRACE_MS = 1000

export interface Interrupt {
  /** Aborted by the first SIGINT or SIGTERM, with a BuildError of code INTERRUPTED. */
  readonly signal: AbortSignal
  /** 130 or 143 once interrupted. */
  exitCode(): number | undefined
  /** Gives the signals back. */
  release(): void
}

export function watchInterrupts(): Interrupt {
  const controller = new AbortController()
  let exitCode: number | undefined
  // Only the first counts: a terminal and bin/ingot.mjs may both deliver the same Ctrl-C.
  const listener = (name: NodeJS.Signals): void => {
    if (exitCode !== undefined) return
    const code = EXIT_CODES[name as keyof typeof EXIT_CODES]
    exitCode = code
    controller.abort(
      new BuildError('INTERRUPTED', `interrupted by ${name}; the previous output is untouched`),
    )
    setTimeout(() => process.exit(code), GRACE_MS).unref()
  }
  const names = Object.keys(EXIT_CODES) as NodeJS.Signals[]
  for (const name of names) process.on(name, listener)
  return {
    signal: controller.signal,
    exitCode: () => exitCode,
    release: () => {
      // An interrupted process keeps ignoring the signals until it is gone.
      if (exitCode === undefined) for (const name of names) process.off(name, listener)
    },
  }
}
