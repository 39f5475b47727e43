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
  const builtin = (id: string): unknown => internals.requireBuiltin(id.replace('node:', ''))
  // By the third name a build that has such a file in its program takes no module of node's for one that is missing.
  compileCommonJs(internals, compiled).function(exports, builtin, { builtin })
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
