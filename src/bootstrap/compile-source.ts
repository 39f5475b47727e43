// Compiles as node's two loaders do (lib/internal/modules/cjs/loader.js, wrapSafe; esm/utils.js,
// compileSourceTextModule), with a code cache that is given.

import type { Internals } from './internals.ts'

const CJS_PARAMETERS = ['exports', 'require', 'module', '__filename', '__dirname']

export interface CompiledFunction {
  readonly function: (...args: unknown[]) => unknown
  readonly sourceMapURL: string | undefined
}

export function compileCommonJs(
  { contextify, symbols }: Internals,
  { source, file, cache }: { source: string; file: string; cache?: Uint8Array | undefined },
): CompiledFunction {
  const { vm_dynamic_import_default_internal: importModuleDynamically } = symbols
  return contextify.compileFunction(
    source,
    file,
    0,
    0,
    cache,
    false,
    undefined,
    undefined,
    CJS_PARAMETERS,
    importModuleDynamically,
  )
}

/** @throws ERR_VM_MODULE_CACHED_DATA_REJECTED if V8 runs with other flags than the cache was made for */
export function compileModule(
  { moduleWrap }: Internals,
  { source, url, cache }: { source: string; url: string; cache?: Uint8Array },
): any {
  return new moduleWrap.ModuleWrap(url, undefined, source, 0, 0, cache)
}
