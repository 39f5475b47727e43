// SIGUSR1 would open node's inspector, so node begins with it blocked (format/own-options.ts). For a program that listens to it,
// it is a signal like others.

import { tellerOf } from './control.ts'
import type { Internals } from './internals.ts'
import { patch } from './vfs/requests.ts'

/** Of Linux. */
const SIGUSR1 = 10

export function installSignals({ fs, signals }: Internals): void {
  const tell = tellerOf(fs)
  patch(signals.Signal.prototype, 'start', (native, args) => {
    const result: unknown = native(args)
    if (args[0] === SIGUSR1) tell('hear-usr1')
    return result
  })
}
