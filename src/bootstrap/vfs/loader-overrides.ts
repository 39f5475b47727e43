// The overrides of node's module loaders (loader.ts) for a node that has no place for them yet: up to 26.8. There the
// loaders ask node's bindings, which are replaced for all who ask, and node:fs, where it is told by the stack who
// asks: to a program a file is its bytes, to a loader what the build has made of it.

import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL, URL } from 'node:url'

import type { Internals } from '../internals.ts'
import type { ModuleLoaderOverrides } from './loader.ts'
import { parsePackage } from './package-tuple.ts'

/** As in lib/internal/modules/esm/resolve.js, where they cannot be had from outside. */
const MAIN_EXTENSIONS = ['', '.js', '.json', '.node', '/index.js', '/index.json', '/index.node']
const INDEX_FILES = ['./index.js', './index.json', './index.node']

const LOADERS = new Map([
  ['node:internal/modules/cjs/loader', 'defaultLoadImpl'],
  ['node:internal/modules/esm/load', 'getSourceSync'],
])
/** Where a program has put a function of its own before `fs.readFileSync`. */
const DEPTH_WITH_OTHERS = 10

type Override = (...args: any[]) => unknown
type IsOther = (file: string) => boolean

/** Gives node's helpers what later versions have of themselves. */
export function completeLoaderHelpers(internals: Internals): void {
  const { loaderHelpers, modules, errors } = internals
  Object.assign(loaderHelpers, {
    kLoaderOverrideNoResult: NO_RESULT,
    legacyMainResolveExtensions: [...MAIN_EXTENSIONS, ...INDEX_FILES],
    setLoaderOverrides: (overrides: ModuleLoaderOverrides, isOther?: IsOther) =>
      setLoaderOverrides(internals, overrides, isOther),
  })
  modules['parsePackageJSON'] = (bytes: Buffer, file: string) => {
    const parsed = parsePackage(bytes, file)
    if (parsed) return parsed
    const { ERR_INVALID_PACKAGE_CONFIG } = errors.codes
    throw new ERR_INVALID_PACKAGE_CONFIG(`${file}.`)
  }
}

const NO_RESULT = Symbol('kLoaderOverrideNoResult')

/** @param isOther to look at the stack costs as much as to read a file: by default it is done for all */
function setLoaderOverrides(
  internals: Internals,
  overrides: ModuleLoaderOverrides,
  isOther: IsOther = () => true,
): void {
  const { fs: fsBinding, modules, util, cjsLoader } = internals
  override(fsBinding, 'getFormatOfExtensionlessFile', overrides.getFormatOfExtensionlessFile)
  for (const name of [
    'readPackageJSON',
    'getNearestParentPackageJSON',
    // By the choice of the main module's loader, too, which has the native one for itself: whichever
    // it takes, the module's format is asked for again.
    'getNearestParentPackageJSONType',
    'getPackageScopeConfig',
    'getPackageType',
  ] as const)
    override(modules, name, overrides[name])
  // Real paths are found by node:fs, which knows ours (fs-public.ts).
  overrideReads(util, overrides, isOther)
  stayBelowRoot(cjsLoader['Module'], overrides)
  replacePackageSearch(internals, overrides)
}

/** Where it gives undefined, node goes on. */
function override(target: Record<string, any>, name: string, own: Override): void {
  const native = target[name]
  target[name] = (...args: unknown[]) => {
    const result = own(...args)
    if (result === undefined) return Reflect.apply(native, target, args)
    return result === NO_RESULT ? undefined : result
  }
}

function overrideReads(
  { getCallSites }: Internals['util'],
  { readFileSync }: ModuleLoaderOverrides,
  isOther: IsOther,
): void {
  const native = fs.readFileSync as (file: unknown, options?: unknown) => string | Buffer
  const isLoader = () => {
    const depth = fs.readFileSync === patched ? 2 : DEPTH_WITH_OTHERS
    const sites = getCallSites(depth) as { scriptName: string; functionName: string }[]
    return sites.some(({ scriptName, functionName }) => LOADERS.get(scriptName) === functionName)
  }
  function patched(file: string | URL, options?: unknown) {
    const isAsLoadersAsk =
      file instanceof URL ? options === undefined : options === 'utf8' && typeof file === 'string'
    const source =
      isAsLoadersAsk && isOther(fileOf(file)) && isLoader() ? readFileSync(file, options) : undefined
    return source ?? native(file, options)
  }
  Object.defineProperties(patched, Object.getOwnPropertyDescriptors(native))
  Object.assign(fs, { readFileSync: patched })
}

/** What lies above the root belongs to the machine. */
function stayBelowRoot(Module: any, { getResolutionRoot }: ModuleLoaderOverrides): void {
  const { _nodeModulePaths: native } = Module
  Module._nodeModulePaths = (from: string): string[] => {
    const paths: string[] = native(from)
    const root = getResolutionRoot(path.resolve(from))
    return root === undefined
      ? paths
      : paths.filter((found) => found.length > root.length + '/node_modules'.length - 1)
  }
}

interface FoundPackage {
  readonly packageJSONUrl: URL
  readonly packageJSONPath: string
  readonly packageSubpath: string
}

/** Of `import`, and what else goes its way. */
function replacePackageSearch(internals: Internals, overrides: ModuleLoaderOverrides): void {
  const { fs: fsBinding, loaderHelpers, esmFormats, requireBuiltin, whenLoaded } = internals
  const { getResolutionRoot, legacyMainResolve } = overrides
  const reader = requireBuiltin('internal/modules/package_json_reader')
  const { getPackageJSONURL } = reader
  const extensions = loaderHelpers.legacyMainResolveExtensions

  let isBelowRoot = false
  override(
    fsBinding,
    'internalModuleStat',
    (file) => overrides.internalModuleStat(file) ?? (isBelowRoot ? NOTHING_THERE : undefined),
  )
  const search = <T>(base: unknown, run: () => T): T => {
    const wasBelowRoot = isBelowRoot
    isBelowRoot = getResolutionRoot(fileOf(base)) !== undefined
    try {
      return run()
    } finally {
      isBelowRoot = wasBelowRoot
    }
  }
  reader.getPackageJSONURL = (specifier: string, base: string | URL): FoundPackage => {
    const found: FoundPackage = search(base, () => getPackageJSONURL(specifier, base))
    if (found.packageSubpath !== '.') return found
    const { main, exports } = reader.read(found.packageJSONPath, { specifier, base, isESM: true })
    return exports == null ? { ...found, packageSubpath: mainOf(found, main, base) ?? '.' } : found
  }
  whenLoaded('module', (Module) => {
    const { findPackageJSON } = Module
    Module.findPackageJSON = (...args: unknown[]) => {
      const [specifier, base] = args
      const find = () => findPackageJSON(...args)
      return isBare(String(specifier)) ? search(base, find) : find()
    }
  })

  /**
   * The native search for it sees the machine's files only, and node's JavaScript has it for itself. So "." gets to be the URL
   * that it leads to.
   */
  function mainOf({ packageJSONUrl }: FoundPackage, main: string | undefined, base: string | URL) {
    const directory = fileURLToPath(new URL('.', packageJSONUrl))
    const index = legacyMainResolve(directory, main, base instanceof URL ? base.href : base)
    if (index === undefined) return undefined
    const file = path.resolve(
      directory,
      (index < MAIN_EXTENSIONS.length ? main || './' : '') + extensions[index]!,
    )
    const url = pathToFileURL(file)
    if (esmFormats.defaultGetFormatWithoutErrors(url) === 'module')
      warnOfMain(directory, main, file, fileOf(base))
    return url.href
  }
}

/** What a stat of the module loaders gives for it. */
const NOTHING_THERE = -2

function isBare(specifier: string): boolean {
  return specifier !== '' && !/^[./]/.test(specifier) && !URL.canParse(specifier)
}

/** A path, of the path or URL of a module; what is no file is below no root. */
function fileOf(base: unknown): string {
  const text = String(base)
  return text.startsWith('file:') ? fileURLToPath(text) : text
}

/** emitLegacyIndexDeprecation in lib/internal/modules/esm/resolve.js. */
function warnOfMain(directory: string, main: string | undefined, file: string, importer: string): void {
  if (process.noDeprecation) return
  const name = file.slice(directory.length)
  if (!main) {
    process.emitWarning(
      `No "main" or "exports" field defined in the package.json for ${directory} resolving the main entry point "${name}", imported from ${importer}.\nDefault "index" lookups for the main are deprecated for ES modules.`,
      'DeprecationWarning',
      'DEP0151',
    )
  } else if (path.resolve(directory, main) !== file) {
    process.emitWarning(
      `Package ${directory} has a "main" field set to "${main}", excluding the full filename and extension to the resolved file at "${name}", imported from ${importer}.\n Automatic extension resolution of the "main" field is deprecated for ES modules.`,
      'DeprecationWarning',
      'DEP0151',
    )
  }
}
