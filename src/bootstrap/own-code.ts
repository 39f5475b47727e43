// Parts of the bootstrap that only some programs need, each a file of its own: beside the executable (development.ts),
// or in the archive.

import { OWN_CODE } from '../format/archive.ts'
import { compileCommonJs } from './compile-source.ts'
import type { Internals } from './internals.ts'
import type { Archive } from './vfs/archive.ts'

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

export function loadEmbeddedCode(
  internals: Internals,
  archive: Archive,
  part: keyof typeof OWN_CODE,
): object {
  const entry = archive.find(OWN_CODE[part])!
  return loadOwnCode(internals, {
    source: archive.code(entry),
    file: `ingot-${part}.js`,
    cache: archive.codeCache(entry),
  })
}
