import type { Internals } from './internals.ts'

/** Far more than threads get in each other's way. */
const MOST_ATTEMPTS = 1000

/** A function that calls what V8 has for its own tests (src/runtime/runtime.h). */
export function compileNatives(
  { setFlagsFromString }: Internals['v8'],
  parameters: readonly string[],
  body: string,
): (...args: any[]) => unknown {
  for (let attempt = 1; ; attempt++) {
    setFlagsFromString('--allow-natives-syntax')
    try {
      // oxlint-disable-next-line typescript/no-implied-eval -- the syntax exists only now
      return new Function(...parameters, body) as (...args: any[]) => unknown
    } catch (error) {
      // Flags are the whole process's: another thread, which does the same, may just have taken this one back.
      if (attempt === MOST_ATTEMPTS) throw error
    } finally {
      setFlagsFromString('--no-allow-natives-syntax')
    }
  }
}
