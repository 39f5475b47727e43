// Parts of the bootstrap that only some programs need, each a file of its own (development.ts, contract.ts).

import { compileCommonJs } from './compile-source.ts'
import type { Internals } from './internals.ts'

/** What such a file exports. It has node's builtins, and nothing else. */
export function loadOwnCode(
  internals: Internals,
  compiled: { readonly source: string; readonly file: string; readonly cache?: Uint8Array | undefined },
): object {
  const exports = {}
  compileCommonJs(internals, compiled).function(exports, (id: string) =>
    internals.requireBuiltin(id.replace('node:', '')),
  )
  return exports
}
