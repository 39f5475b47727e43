// Shows the embedded tree to node's own module loaders, CommonJS and ES modules alike, through the
// overrides that node has for its virtual file system. Resolution stays node's, to the letter.

import { FORMAT_COMMONJS, FORMAT_MODULE } from '../../format/archive.ts'
import type { Internals } from '../internals.ts'
import { isFile, type Entry } from './archive.ts'
import { IS_WINDOWS, ROOT } from '../platform.ts'
import { moduleStat } from './fs-binding.ts'
import { toArchivePath, toVirtualPath } from './paths.ts'
import type { Tree } from './tree.ts'

/** [name, main, type, imports, exports, path], as node's parser gives it. */
type PackageTuple = (string | undefined)[]

/** lib/internal/modules/helpers.js, nativeLoaderMethods; undefined means "not mine, go on". */
export interface ModuleLoaderOverrides {
  internalModuleStat(file: string): number | undefined
  readFileSync(file: string | URL, options?: unknown): string | Buffer | undefined
  realpathSync(file: string): string | undefined
  getResolutionRoot(file: string): string | undefined
  legacyMainResolve(packageUrl: string, main: string | undefined, base: unknown): number | undefined
  getFormatOfExtensionlessFile(file: string): number | undefined
  readPackageJSON(
    file: string,
    isESM: boolean,
    base: unknown,
    specifier: unknown,
  ): PackageTuple | symbol | undefined
  getNearestParentPackageJSON(file: string): PackageTuple | symbol | undefined
  getNearestParentPackageJSONType(file: string): string | symbol | undefined
  getPackageScopeConfig(url: string): PackageTuple | string | undefined
  getPackageType(url: string): string | symbol | undefined
}

const FORMAT_NAMES: Record<number, string> = { [FORMAT_COMMONJS]: 'commonjs', [FORMAT_MODULE]: 'module' }

/** Index of "type" in a PackageTuple. */
const TYPE = 2

export interface LoaderWatch {
  /** Of a module that is compiled already: the very string, so that it is not decoded again. */
  preparedSource(entry: Entry): string | undefined
  /** Told of every source that is handed to a loader, so that its code cache can be used. */
  onRead(entry: Entry, source: string | Buffer): void
  /** Told of every file outside of the tree before a loader gets it; it throws what is to be thrown. */
  onForeign(file: string): void
}

export function installLoader(
  { loaderHelpers, modules, errors }: Internals,
  tree: Tree,
  { onRead, onForeign, preparedSource }: LoaderWatch,
): void {
  const { kLoaderOverrideNoResult: NO_RESULT } = loaderHelpers
  const packages = new Map<string, PackageTuple | undefined>()

  const entryAt = (file: string) => {
    const path = toArchivePath(file)
    if (path === undefined) return undefined
    const found = tree.archive.resolve(path, true)
    return typeof found === 'string' || !isFile(found) ? undefined : found
  }
  const packageAt = (path: string): PackageTuple | undefined => {
    if (!packages.has(path)) {
      const entry = entryAt(toVirtualPath(path))
      const file = toVirtualPath(path)
      packages.set(path, entry && modules.parsePackageJSON(Buffer.from(tree.archive.data(entry)), file))
    }
    return packages.get(path)
  }
  /** The package.json at or above the directory of a file. */
  const nearestPackage = (path: string): PackageTuple | undefined => {
    for (let end = path.lastIndexOf('/'); ; end = path.lastIndexOf('/', end - 1)) {
      const directory = end === -1 ? '' : path.slice(0, end)
      if (directory.endsWith('node_modules')) return undefined
      const found = packageAt(directory === '' ? 'package.json' : `${directory}/package.json`)
      if (found || end === -1) return found
    }
  }
  const pathOfUrl = (url: string) => toArchivePath(url.startsWith('file:') ? pathOf(new URL(url)) : url)

  const overrides: ModuleLoaderOverrides = {
    internalModuleStat(file) {
      const path = toArchivePath(file)
      return path === undefined ? undefined : moduleStat(tree, path)
    },
    readFileSync(file, options) {
      const name = typeof file === 'string' ? file : pathOf(file)
      const path = toArchivePath(name)
      if (path === undefined) {
        onForeign(name)
        return undefined
      }
      const entry = tree.lookup(path, 'open')
      const source = (isText(options) ? preparedSource(entry) : undefined) ?? readSource(tree, entry, options)
      onRead(entry, source)
      return source
    },
    realpathSync(file) {
      const path = toArchivePath(file)
      return path === undefined ? undefined : tree.realPath(path)
    },
    getResolutionRoot: (file) => (toArchivePath(file) === undefined ? undefined : ROOT),
    legacyMainResolve(packageUrl, main, base) {
      const directory = pathOfUrl(packageUrl)
      if (directory === undefined) return undefined
      const candidates = loaderHelpers.legacyMainResolveExtensions
      for (const [i, extension] of candidates.entries()) {
        // The first seven are tried on "main", the rest beside it.
        const name = i < 7 ? main && main + extension : extension
        if (name && moduleStat(tree, joinBelow(directory, name)) === 0) return i
      }
      const { ERR_MODULE_NOT_FOUND } = errors.codes
      const importer = String(base).startsWith('file:') ? pathOf(new URL(String(base))) : base
      throw new ERR_MODULE_NOT_FOUND(
        toVirtualPath(joinBelow(directory, main ?? 'index.js')),
        importer,
        undefined,
      )
    },
    getFormatOfExtensionlessFile(file) {
      const entry = entryAt(file.startsWith('file:') ? pathOf(new URL(file)) : file)
      if (!entry) return undefined
      const isWasm = tree.archive.data(entry).subarray(0, 4).equals(WASM_MAGIC)
      return isWasm ? 1 : 0
    },
    readPackageJSON(file) {
      const path = toArchivePath(file)
      return path === undefined ? undefined : (packageAt(path) ?? NO_RESULT)
    },
    getNearestParentPackageJSON(file) {
      const path = toArchivePath(file)
      if (path === undefined) return undefined
      // With a slash at its end it is a directory, whose own package.json is the nearest.
      return nearestPackage(path !== '' && endsInSeparator(file) ? `${path}/` : path) ?? NO_RESULT
    },
    getNearestParentPackageJSONType(file) {
      const path = toArchivePath(file)
      if (path === undefined) return undefined
      return typeOf(path) ?? NO_RESULT
    },
    getPackageScopeConfig(url) {
      const path = pathOfUrl(url)
      if (path === undefined) return undefined
      const found = nearestPackage(path)
      if (!found) return toVirtualPath(joinBelow(path, '../package.json'))
      // The build has settled what each file is: no detection, no warning.
      return found.with(TYPE, typeOf(path))
    },
    getPackageType(url) {
      const path = pathOfUrl(url)
      if (path === undefined) return undefined
      return typeOf(path) ?? NO_RESULT
    },
  }
  loaderHelpers.setLoaderOverrides(overrides, (file) => {
    const path = toArchivePath(file)
    if (path !== undefined) {
      const found = tree.archive.resolve(path, true)
      return typeof found !== 'string' && found.format !== 0
    }
    try {
      onForeign(file)
      return false
    } catch {
      return true
    }
  })

  function typeOf(path: string): string | undefined {
    const entry = tree.archive.resolve(path, true)
    const settled = typeof entry === 'string' ? undefined : FORMAT_NAMES[entry.format]
    return settled ?? nearestPackage(path)?.[TYPE]
  }
}

/** Of a file's URL. On Windows a slash stands before the drive's letter. */
function pathOf({ pathname }: URL): string {
  const path = decodeURIComponent(pathname)
  return IS_WINDOWS ? path.slice(1) : path
}

function endsInSeparator(file: string): boolean {
  return file.endsWith('/') || (IS_WINDOWS && file.endsWith('\\'))
}

const WASM_MAGIC = Buffer.from([0, 0x61, 0x73, 0x6d])

function joinBelow(directory: string, name: string): string {
  const parts = directory.replace(/\/$/, '').split('/')
  for (const part of name.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '.' && part !== '') parts.push(part)
  }
  return parts.filter(Boolean).join('/')
}

function isText(options: unknown): boolean {
  return options === 'utf8' || (options as { encoding?: string } | undefined)?.encoding === 'utf8'
}

function readSource(tree: Tree, entry: Entry, options: unknown): string | Buffer {
  const hasCode = entry.format !== 0
  if (isText(options)) return hasCode ? tree.archive.code(entry) : tree.archive.text(entry)
  // A copy: load hooks may hand it to anybody, and the archive is read-only memory.
  return Buffer.from(hasCode ? tree.archive.codeBytes(entry) : tree.archive.data(entry))
}
