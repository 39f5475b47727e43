import type { Internals } from './internals.ts'

/** A function that calls what V8 has for its own tests (src/runtime/runtime.h). */
export function compileNatives(
  { setFlagsFromString }: Internals['v8'],
  parameters: readonly string[],
  body: string,
): (...args: any[]) => unknown {
  setFlagsFromString('--allow-natives-syntax')
  try {
    // oxlint-disable-next-line typescript/no-implied-eval -- the syntax exists only now
    return new Function(...parameters, body) as (...args: any[]) => unknown
  } finally {
    setFlagsFromString('--no-allow-natives-syntax')
  }
}
