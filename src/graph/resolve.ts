// Finds the file behind a specifier as node will find it at run time (conditions, exports, self
// reference), and for the program's own TypeScript also what compilers allow: tsconfig paths,
// "./x.js" for x.ts, no extension at all.

import { existsSync, lstatSync, readlinkSync, realpathSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import path from 'node:path'

import { ResolverFactory } from 'rolldown/experimental'

import { pathOfFileUrl, pathOfRelativeUrl } from './file-url.ts'
import { RUNTIME_MODULE } from './runtime-module.ts'
import { isInPackage } from './source.ts'

export type EdgeKind = 'import' | 'require'

export type Resolution =
  /** `compilerOnly`: node would not find it; tsconfig paths, a missing extension, .js for .ts. */
  | { readonly kind: 'file'; readonly file: string; readonly compilerOnly: boolean }
  | { readonly kind: 'builtin' }
  | { readonly kind: 'missing' }

const CONDITIONS: Record<EdgeKind, string[]> = {
  import: ['node', 'import', 'module-sync', 'node-addons'],
  require: ['node', 'require', 'module-sync', 'node-addons'],
}
/** module.registerHooks and friends aside, only these can be left out in `require`. */
const NODE_EXTENSIONS = ['.js', '.json', '.node']
const SOURCE_EXTENSIONS = ['.ts', '.tsx', '.mts', '.cts', '.jsx', ...NODE_EXTENSIONS, '.mjs', '.cjs']
const EXTENSION_ALIAS = {
  '.js': ['.js', '.ts', '.tsx', '.jsx'],
  '.mjs': ['.mjs', '.mts'],
  '.cjs': ['.cjs', '.cts'],
  '.jsx': ['.jsx', '.tsx'],
}

/** A symbolic link on the way to a package (workspaces, pnpm): absolute path and its target as stored. */
export interface PackageLink {
  readonly file: string
  readonly target: string
}

export class Resolver {
  readonly #node = eachKind(
    (conditionNames) =>
      new ResolverFactory({ conditionNames, extensions: NODE_EXTENSIONS, builtinModules: true }),
  )
  readonly #source = eachKind(
    (conditionNames) =>
      new ResolverFactory({
        conditionNames,
        extensions: SOURCE_EXTENSIONS,
        extensionAlias: EXTENSION_ALIAS,
        tsconfig: 'auto',
      }),
  )
  readonly #links = new Map<string, PackageLink | undefined>()

  resolve(specifier: string, importer: string, kind: EdgeKind): Resolution {
    if (isBuiltin(specifier)) return { kind: 'builtin' }
    if (specifier.startsWith('data:')) return { kind: 'builtin' }
    const request = specifier.startsWith('file:') ? pathOfFileUrl(specifier) : withoutQuery(specifier, kind)
    if (request === undefined) return { kind: 'missing' }
    const { path: file, builtin } = this.#node[kind].resolveFileSync(importer, request)
    // A name that the package has for one of node's; with "node:" before it node refuses it.
    if (builtin && !builtin.isRuntimeModule) return { kind: 'builtin' }
    if (file) return { kind: 'file', file, compilerOnly: kind === 'import' && isGuessed(request, file) }
    if (specifier === RUNTIME_MODULE) return { kind: 'builtin' }
    if (isInPackage(importer)) return { kind: 'missing' }
    const compiled = this.#source[kind].resolveFileSync(importer, request).path
    return compiled ? { kind: 'file', file: compiled, compilerOnly: true } : { kind: 'missing' }
  }

  /** Links that lead to the package of a bare specifier: its own in a node_modules above, and that directory. */
  linksFor(specifier: string, importer: string): PackageLink[] {
    const name = packageNameOf(specifier)
    if (!name) return []
    for (let directory = path.dirname(importer); ; directory = path.dirname(directory)) {
      const packages = path.join(directory, 'node_modules')
      const isShared = this.#linkAt(packages) !== undefined && existsSync(path.join(packages, name))
      const real = isShared ? realpathSync(packages) : packages
      const link = this.#linkAt(path.join(real, name))
      if (isShared) {
        // It may lead there by way of other links.
        const shared = { file: packages, target: path.relative(directory, real) }
        return link ? [shared, link] : [shared]
      }
      if (link) return [link]
      if (path.dirname(directory) === directory) return []
    }
  }

  #linkAt(file: string): PackageLink | undefined {
    if (!this.#links.has(file)) this.#links.set(file, readLink(file))
    return this.#links.get(file)
  }
}

/** The package's name in a bare specifier; undefined for paths, URLs and #imports. */
export function packageNameOf(specifier: string): string | undefined {
  return /^(?:@[^/]+\/[^/]+|[^./#@:][^/:]*)(?=\/|$)/.exec(specifier)?.[0]
}

/** Of relative specifiers, import takes the file's whole name or nothing. */
function isGuessed(request: string, file: string): boolean {
  return /^\.{1,2}(?:\/|$)/.test(request) && path.basename(request) !== path.basename(file)
}

function eachKind(make: (conditions: string[]) => ResolverFactory): Record<EdgeKind, ResolverFactory> {
  return { import: make(CONDITIONS.import), require: make(CONDITIONS.require) }
}

/** ES module specifiers are URLs: `./x.js?v=1` names x.js. */
function withoutQuery(specifier: string, kind: EdgeKind): string {
  if (kind === 'require' || !/^\.{0,2}\//.test(specifier)) return specifier
  return pathOfRelativeUrl(specifier)
}

function readLink(file: string): PackageLink | undefined {
  if (!lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink()) return undefined
  return { file, target: readlinkSync(file) }
}
