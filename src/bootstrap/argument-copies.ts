// Programs put their command line away long before they look at it: `args: process.argv.slice(2)`. Where the
// expression only copies it, a build run goes on with an array that is filled when it is thawed, if nobody looks at
// it before (watched.ts).

import { tellerOf } from './control.ts'
import type { Freezing, Start } from './frozen.ts'
import type { Internals } from './internals.ts'
import { watch, type Look } from './watched.ts'

/** Gives the copy from this index on; undefined where there are to be none. */
export type CopyArguments = ((from: number) => string[]) | undefined

/**
 * @param all process.argv of a start
 * @param replaced called when the process is thawed
 */
export function copyArguments(
  internals: Internals,
  { training: { copies } }: Pick<Freezing, 'training'>,
  all: (start: Start) => string[],
  replaced: { push(fill: (start: Start) => void): unknown },
): CopyArguments {
  if (!copies) return undefined
  const tell = tellerOf(internals.fs)
  return (from) => {
    tell('copied')
    if (copies === 'watched') return watchedArray(watch(internals))
    const copy: string[] = []
    replaced.push((start) => {
      const now = all(start)
      for (let i = from; i < now.length; i++) copy[i - from] = now[i]!
    })
    return copy
  }
}

/** util.inspect looks below a proxy, and then at the prototype of what is there. */
function watchedArray(look: Look): string[] {
  const handler = new Proxy({}, { get: () => look })
  return new Proxy(Object.setPrototypeOf([], new Proxy({}, handler)), handler)
}
