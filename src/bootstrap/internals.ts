// The parts of node's inside that the bootstrap stands on. The executable runs node with
// --expose-internals, this collects what is needed, and closes the door again before any user
// code runs: a program can reach no more than under plain node.
//
// Why not public API only: node has none that makes both loaders, `fs` in all its forms, workers
// and addons see one more file system. node's own virtual file system uses these same places
// (lib/internal/vfs/setup.js); when it can do what ours does, ours goes.

import type { ModuleLoaderOverrides } from './vfs/loader.ts'

type Binding = Record<string, any>

export interface Internals {
  /** internalBinding('fs'): what all of node:fs ends in. */
  readonly fs: Binding
  readonly fsDir: Binding
  readonly contextify: Binding
  readonly moduleWrap: Binding
  readonly modules: Binding
  readonly symbols: Record<string, symbol>
  readonly errors: { UVException: new (context: object) => Error }
  readonly uv: { getErrorMap(): Map<number, [code: string, message: string]> }
  readonly loaderHelpers: {
    setLoaderOverrides(overrides: Partial<ModuleLoaderOverrides>): void
    kLoaderOverrideNoResult: symbol
    legacyMainResolveExtensions: readonly string[]
    makeRequireFunction(module: object): NodeJS.Require
    setHasStartedUserCJSExecution(): void
  }
  readonly cjsLoader: Binding
  readonly esmTranslators: { translators: Map<string, (...args: any[]) => unknown> }
  readonly esmUtils: { registerModule(wrap: object, registry: object): void }
  readonly esmLoader: { getOrInitializeCascadedLoader(): Binding }
  readonly typescript: { stripTypeScriptModuleTypes(source: string, filename: string, url?: string): string }
  readonly sourceMaps: { maybeCacheSourceMap(...args: unknown[]): void }
  readonly runMain: { executeUserEntryPoint(main: string): void }
  readonly options: { getOptionValue(name: string): unknown }
}

/** `require` of the main script: builtin modules only, and with --expose-internals all of them. */
export type InternalRequire = (id: string) => any

export function openInternals(require: InternalRequire): Internals {
  // internal/test/binding warns that it is for testing when it is loaded.
  const { emitWarning } = process
  process.emitWarning = () => {}
  const { internalBinding } = require('internal/test/binding')
  process.emitWarning = emitWarning

  const lazy = <T extends Record<string, string>>(ids: T) => {
    const modules = {}
    for (const [name, id] of Object.entries(ids)) {
      let loaded: unknown
      Object.defineProperty(modules, name, { get: () => (loaded ??= require(id)) })
    }
    return modules as Record<keyof T, any>
  }
  const internals = {
    fs: internalBinding('fs'),
    fsDir: internalBinding('fs_dir'),
    contextify: internalBinding('contextify'),
    moduleWrap: internalBinding('module_wrap'),
    modules: internalBinding('modules'),
    symbols: internalBinding('symbols'),
    uv: internalBinding('uv'),
    errors: require('internal/errors'),
    loaderHelpers: require('internal/modules/helpers'),
    cjsLoader: require('internal/modules/cjs/loader'),
    esmTranslators: require('internal/modules/esm/translators'),
    esmUtils: require('internal/modules/esm/utils'),
    esmLoader: require('internal/modules/esm/loader'),
    typescript: require('internal/modules/typescript'),
    sourceMaps: require('internal/source_map/source_map_cache'),
    runMain: require('internal/modules/run_main'),
    options: require('internal/options'),
  }
  closeInternals(internals.loaderHelpers as any)
  void lazy
  return internals
}

function closeInternals(helpers: { loadBuiltinModule(id: string): { constructor: any } }): void {
  const BuiltinModule = helpers.loadBuiltinModule('fs').constructor
  const isPublic = (id: string) => !id.startsWith('internal/')
  BuiltinModule.setRealmAllowRequireByUsers([...BuiltinModule.map.keys()].filter(isPublic))
}
