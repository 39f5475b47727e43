// Programs put their command line away long before they look at it: `args: process.argv.slice(2)`. Where the
// expression only copies it, a build run goes on with an array that is filled when it is thawed.
//
// Whether somebody looks before that is found out in a build run of its own, which nothing is made of
// (freeze/freeze-process.ts): there the copies are proxies, and whatever tells one from an array ends it.

import { tellerOf } from './control.ts'
import type { Freezing, Start } from './frozen.ts'
import type { Internals } from './internals.ts'

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
  const look = (): never => {
    tell('copy-is-seen')
    throw new Error('ingot: the build run has ended')
  }
  return (from) => {
    if (copies === 'watched' && tell('copied')) {
      watchClones(internals, look)
      return watched(look)
    }
    const copy: string[] = []
    tell('copied')
    replaced.push((start) => copy.push(...all(start).slice(from)))
    return copy
  }
}

/** util.inspect looks below a proxy, and then at the prototype of what is there. */
function watched(look: () => never): string[] {
  const handler = new Proxy({}, { get: () => look })
  return new Proxy(Object.setPrototypeOf([], new Proxy({}, handler)), handler)
}

/** What else can tell a proxy: whatever it is asked about. Addons can, too. */
function watchClones({ requireBuiltin }: Internals, look: () => never): void {
  const { internalBinding } = requireBuiltin('internal/test/binding')
  internalBinding('messaging').structuredClone = look
  globalThis.structuredClone = look
  requireBuiltin('worker_threads').MessagePort.prototype.postMessage = look
  internalBinding('serdes').Serializer.prototype.writeValue = look
  requireBuiltin('util').types.isProxy = look
  process.dlopen = look
}
