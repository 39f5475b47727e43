// A build run in which what is not known yet is watched: the first look at it ends the run, and says how far the program
// comes without (freeze/freeze-process.ts). Nothing else is made of it.

import { tellerOf } from './control.ts'
import type { Internals } from './internals.ts'

/** Called by whoever sees too much. */
export type Look = () => never

export function watch({ fs, requireBuiltin }: Internals): Look {
  const tell = tellerOf(fs)
  const look = (): never => {
    tell('seen-too-early')
    throw new Error('ingot: the build run has ended')
  }
  // What can tell a watched thing from a real one, whatever it is asked about. Addons can, too.
  const { internalBinding } = requireBuiltin('internal/test/binding')
  internalBinding('messaging').structuredClone = look
  globalThis.structuredClone = look
  requireBuiltin('worker_threads').MessagePort.prototype.postMessage = look
  internalBinding('serdes').Serializer.prototype.writeValue = look
  requireBuiltin('util').types.isProxy = look
  process.dlopen = look
  return look
}
