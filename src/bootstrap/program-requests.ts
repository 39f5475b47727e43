// What programs ask for with `ingot/runtime` (src/runtime.ts), in a build run and after it.

import type { Freezing } from './frozen.ts'
import type { InternalRequire } from './internals.ts'

type Request = { readonly kind: 'ready' } | { readonly kind: 'on-thaw'; readonly callback: () => void }

/** More than the launcher gives an idle event loop: a timer must not keep it from being frozen. */
const LOOK_EVERY_MS = 50

export function serveRequests(load: InternalRequire, { settle, onSettled, isBuilding }: Freezing): void {
  load('diagnostics_channel').subscribe('ingot.runtime', (request: Request) => {
    switch (request.kind) {
      case 'ready':
        settle('ready')
        break
      case 'on-thaw':
        if (!isBuilding()) return
        onSettled(request.callback)
        settleSoon()
    }
  })

  /** Where a system call was the barrier, no JavaScript runs at the thaw. */
  const settleSoon = (): void => {
    setTimeout(() => (isBuilding() ? settleSoon() : settle()), LOOK_EVERY_MS).unref()
  }
}
