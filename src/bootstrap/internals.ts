// The parts of node's inside that the bootstrap stands on. The executable runs node with
// --expose-internals, this collects what is needed, and closes the door again before any user
// code runs: a program can reach no more than under plain node.
//
// Why not public API only: node has none that makes both loaders, `fs` in all its forms, workers
// and addons see one more file system. node's own virtual file system uses these same places
// (lib/internal/vfs/setup.js); when it can do what ours does, ours goes.

import type { OptionTable } from './arguments.ts'
import { completeLoaderHelpers } from './vfs/loader-overrides.ts'
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
  readonly privateSymbols: Record<string, symbol>
  readonly errors: {
    UVException: new (context: object) => Error
    readonly codes: Record<
      'ERR_INVALID_PACKAGE_CONFIG' | 'ERR_MODULE_NOT_FOUND',
      new (...args: unknown[]) => Error
    >
  }
  readonly uv: { getErrorMap(): Map<number, [code: string, message: string]> }
  readonly loaderHelpers: {
    addBuiltinLibsToObject(object: object, dummyModuleName: string): void
    /** @param isOther whether loaders may get something else of a file than who reads it; node's own knows who asks */
    setLoaderOverrides(overrides: Partial<ModuleLoaderOverrides>, isOther?: (file: string) => boolean): void
    kLoaderOverrideNoResult: symbol
    legacyMainResolveExtensions: readonly string[]
    makeRequireFunction(module: object): NodeJS.Require
    /** One of node's own, as the class that has them all made it. */
    loadBuiltinModule(id: string): { constructor: any }
    setHasStartedUserCJSExecution(): void
    hasStartedUserCJSExecution(): boolean
  }
  readonly cjsLoader: Binding
  readonly esmTranslators: { translators: Map<string, (...args: any[]) => unknown> }
  readonly esmUtils: { registerModule(wrap: object, registry: object): void }
  readonly esmLoader: { getOrInitializeCascadedLoader(): Binding }
  readonly typescript: { stripTypeScriptModuleTypes(source: string, filename: string, url?: string): string }
  readonly sourceMaps: { maybeCacheSourceMap(...args: unknown[]): void }
  readonly esmFormats: {
    readonly extensionFormatMap: Record<string, string>
    defaultGetFormatWithoutErrors(url: URL): string | null
  }
  readonly processWrap: { readonly Process: { readonly prototype: Binding } }
  readonly spawnSync: Binding
  readonly sea: { getAsset(name: string): ArrayBuffer }
  readonly worker: Binding
  /** internalBinding('zlib'); node:zlib itself takes longer to load. */
  readonly zlib: { crc32(bytes: Uint8Array, before: number): number }
  /** internalBinding('v8'); node:v8 itself takes a millisecond to load. */
  readonly v8: { setFlagsFromString(flags: string): void }
  /** internalBinding('os'); */
  readonly os: { getOSInformation(): [type: string, version: string, release: string, machine: string] }
  /** internalBinding('cares_wrap') */
  readonly cares: Binding
  readonly crypto: { startLoadingCertificatesOffThread(): void }
  /** internalBinding('profiler'): coverage. */
  readonly profiler: Binding
  readonly performance: {
    readonly milestones: Float64Array
    readonly constants: Record<string, number>
    loopIdleTime(): number
  }
  /** internalBinding('util') */
  readonly util: { getCallSites(count: number): { readonly scriptName: string }[] }
  /** internalBinding('signal_wrap') */
  readonly signals: { readonly Signal: { readonly prototype: object } }
  /** internalBinding('process_methods') */
  readonly processMethods: Binding
  readonly execution: {
    evalTypeScript(
      name: string,
      source: string,
      breakFirstLine?: boolean,
      print?: boolean,
      shouldLoadModules?: boolean,
    ): void
    readStdin(callback: (source: string) => void): void
    evalModuleEntryPoint(source: string, print: boolean): Promise<unknown>
  }
  readonly runMain: {
    executeUserEntryPoint(main: string): void
    runEntryPointWithESMLoader(run: (loader: Binding) => Promise<unknown>): Promise<unknown>
  }
  /** What node runs in the thread of module.register's hooks. */
  runHooksWorker(): void
  /** For what would cost every start the loading of one of node's modules: calls back once node loads it. */
  whenLoaded(id: string, then: (exports: any) => void): void
  readonly options: {
    getOptionValue(name: string): unknown
    getOptionsAsFlagsFromBinding(): string[]
    getCLIOptionsInfo(): {
      readonly options: Map<string, { readonly type: number }>
      readonly aliases: Map<string, readonly string[]>
    }
  }
  /** A builtin module as node keeps it (lib/internal/bootstrap/realm.js). */
  builtin(id: string): Binding
  /** Any builtin module, after the door is closed too. */
  readonly requireBuiltin: InternalRequire
  /** All objects of this context that inherit from it. Collects garbage first. */
  objectsWith(prototype: object): object[]
  /** Names and numbers of option types. */
  readonly optionTypes: Record<string, number>
}

/** `require` of the main script: builtin modules only, and with --expose-internals all of them. */
export type InternalRequire = (id: string) => any

/**
 * That we lie in what node calls assets is nothing to programs, which have a branch for their own. `ingot/runtime` has another way.
 */
function hideSea(sea: Binding): Internals['sea'] {
  const { getAsset } = sea
  sea['isSea'] = () => false
  Object.defineProperty(process, Symbol.for('ingot.payload'), { value: () => getAsset('payload') })
  return { getAsset }
}

export function openInternals(require: InternalRequire): Internals {
  // internal/test/binding warns that it is for testing when it is loaded.
  const { emitWarning } = process
  process.emitWarning = () => {}
  const { internalBinding } = require('internal/test/binding')
  process.emitWarning = emitWarning

  const loaderHelpers = require('internal/modules/helpers')
  const BuiltinModule: BuiltinModules = loaderHelpers.loadBuiltinModule('fs').constructor
  const internals: Internals = {
    fs: internalBinding('fs'),
    fsDir: internalBinding('fs_dir'),
    contextify: internalBinding('contextify'),
    moduleWrap: internalBinding('module_wrap'),
    modules: internalBinding('modules'),
    symbols: internalBinding('symbols'),
    privateSymbols: internalBinding('util').privateSymbols,
    // Only errors need it.
    get uv() {
      return internalBinding('uv')
    },
    processWrap: internalBinding('process_wrap'),
    spawnSync: internalBinding('spawn_sync'),
    sea: hideSea(internalBinding('sea')),
    worker: internalBinding('worker'),
    zlib: internalBinding('zlib'),
    v8: internalBinding('v8'),
    get performance() {
      return internalBinding('performance')
    },
    get cares() {
      return internalBinding('cares_wrap')
    },
    get crypto() {
      return internalBinding('crypto')
    },
    get os() {
      return internalBinding('os')
    },
    get profiler() {
      return internalBinding('profiler')
    },
    util: internalBinding('util'),
    signals: internalBinding('signal_wrap'),
    processMethods: internalBinding('process_methods'),
    execution: require('internal/process/execution'),
    errors: require('internal/errors'),
    loaderHelpers,
    cjsLoader: require('internal/modules/cjs/loader'),
    esmTranslators: require('internal/modules/esm/translators'),
    esmUtils: require('internal/modules/esm/utils'),
    esmLoader: require('internal/modules/esm/loader'),
    // Loaded in every main thread, but in no worker.
    get typescript() {
      return BuiltinModule.map.get('internal/modules/typescript')!.compileForInternalLoader()
    },
    sourceMaps: require('internal/source_map/source_map_cache'),
    esmFormats: require('internal/modules/esm/get_format'),
    runMain: require('internal/modules/run_main'),
    runHooksWorker() {
      const threads = process.getBuiltinModule('node:worker_threads') as {
        workerData: unknown
        parentPort: unknown
      }
      const { workerData, parentPort } = threads
      // As lib/internal/main/worker_thread.js: they are not the hooks' own.
      threads.workerData = threads.parentPort = null
      // It insists on being the first script of its thread, and the bootstrap was that.
      const { hasStartedUserCJSExecution } = loaderHelpers
      loaderHelpers.hasStartedUserCJSExecution = () => false
      internals.requireBuiltin('internal/modules/esm/worker')(workerData, parentPort)
      loaderHelpers.hasStartedUserCJSExecution = hasStartedUserCJSExecution
    },
    whenLoaded(id, then) {
      const module = BuiltinModule.map.get(id)!
      const load = module.compileForInternalLoader
      module.compileForInternalLoader = () => {
        module.compileForInternalLoader = load
        const exports = module.compileForInternalLoader()
        then(exports)
        return exports
      }
    },
    options: require('internal/options'),
    optionTypes: internalBinding('options').types,
    objectsWith(prototype) {
      // Once node has loaded the binding, it asks only here whether its name is one of those that it keeps for itself.
      internals.requireBuiltin('v8')
      const names = ['', 'internal_only_v8']
      const name = { toString: () => names.shift() ?? 'internal_only_v8' }
      return internalBinding(name).queryObjects(prototype)
    },
    builtin: (id) => BuiltinModule.map.get(id)!,
    requireBuiltin: (id: string) => BuiltinModule.map.get(id)!.compileForInternalLoader(),
  }
  if (!loaderHelpers.setLoaderOverrides) completeLoaderHelpers(internals)
  closeInternals(BuiltinModule, internals.cjsLoader.Module)
  return internals
}

/** lib/internal/bootstrap/realm.js */
interface BuiltinModules {
  readonly map: Map<string, { compileForInternalLoader(): any }>
  canBeRequiredByUsers(id: string): boolean
  setRealmAllowRequireByUsers(ids: string[]): void
  allowRequireByUsers(id: string): void
}

function closeInternals(BuiltinModule: BuiltinModules, Module: any): void {
  const isPublic = (id: string) => !id.startsWith('internal/')
  const allowed = [...BuiltinModule.map.keys()].filter(
    (id) => isPublic(id) && BuiltinModule.canBeRequiredByUsers(id),
  )
  BuiltinModule.setRealmAllowRequireByUsers(allowed)
  // That drops the ones which an option has enabled; node:sqlite is such a one.
  for (const id of allowed) if (!BuiltinModule.canBeRequiredByUsers(id)) BuiltinModule.allowRequireByUsers(id)
  Module.builtinModules = Module.builtinModules.filter(isPublic)
}

/** What node's own table of options says of them (lib/internal/options.js). */
export function optionTable({ options, optionTypes }: Internals): OptionTable {
  const typeOf = (name: string) => {
    const { options: table, aliases } = options.getCLIOptionsInfo()
    const real = aliases.get(name)?.[0] ?? name
    return (table.get(real) ?? table.get(real.replace(/^--no-/, '--')))?.type
  }
  const { kNoOp, kV8Option, kBoolean } = optionTypes
  return {
    takesValue: (name) => ![undefined, kNoOp, kV8Option, kBoolean].includes(typeOf(name)),
    isV8: (name) => [undefined, kV8Option].includes(typeOf(name)),
  }
}
