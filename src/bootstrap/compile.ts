// Compiles embedded modules with the code cache that the build made for them. node itself reads
// code caches only from a directory on disk, so this stands in for the two places where it
// compiles: Module.prototype._compile and the ES loader's translator. A source that is not exactly
// the embedded one (a load hook changed it, a wrapper was patched in) takes node's own way.

import path from 'node:path'
import { fileURLToPath } from 'node:url'

import { FORMAT_MODULE } from '../format/archive.ts'
import { compileCommonJs, compileModule } from './compile-source.ts'
import type { Internals } from './internals.ts'
import type { PreparedModules } from './prepared.ts'
import type { Archive, Entry } from './vfs/archive.ts'

const TYPESCRIPT = /\.[cm]?tsx?$/
const TYPESCRIPT_FORMAT = /-?typescript$/

export interface CompileWatch {
  /** Told of every embedded ES module before it is linked. */
  onModule(source: string, url: string): void
  /** Told when a CommonJS module has been evaluated. */
  onEvaluated(): void
}

export class Compiler {
  readonly #archive: Archive
  readonly #internals: Internals
  readonly #prepared: PreparedModules
  /** What the loaders were given for a path, to recognise it when it comes to be compiled. */
  readonly #served = new Map<string, { entry: Entry; text: string | undefined }>()
  readonly #buffers = new WeakMap<Buffer, Entry>()
  #isTypeScriptInstalled = false
  /** In a build run. */
  watch: CompileWatch | undefined
  #usesCaches = true

  constructor(archive: Archive, internals: Internals, prepared: PreparedModules) {
    this.#archive = archive
    this.#internals = internals
    this.#prepared = prepared
  }

  onRead(file: string, entry: Entry, source: string | Buffer): void {
    if (entry.format === 0) return
    if (TYPESCRIPT.test(file)) this.#installTypeScript()
    if (typeof source !== 'string') this.#buffers.set(source, entry)
    this.#served.set(file, { entry, text: typeof source === 'string' ? source : undefined })
  }

  /** Paths in the archive. */
  loaded(): string[] {
    return [...this.#served.values()].map(({ entry }) => entry.path)
  }

  /** What is compiled from now on is compiled from its source. */
  ignoreCaches(): void {
    this.#usesCaches = false
  }

  #codeCache(entry: Entry): Uint8Array | undefined {
    return this.#usesCaches ? this.#archive.codeCache(entry) : undefined
  }

  install(): void {
    this.#disableDiskCache()
    this.#installExtensions()
    this.#installCommonJs()
    this.#installModules()
  }

  /**
   * The build has compiled TypeScript already; node would strip types again. Some versions look this up when they need it,
   * some have taken it before: for those it is not called at all, where modules are compiled.
   */
  #installTypeScript(): void {
    if (this.#isTypeScriptInstalled) return
    this.#isTypeScriptInstalled = true
    const { typescript } = this.#internals
    const native = typescript.stripTypeScriptModuleTypes
    typescript.stripTypeScriptModuleTypes = (source, filename, url) => {
      const file = filename.startsWith('file:') ? fileURLToPath(filename) : filename
      if (this.#served.has(file)) return source
      return native(source, filename, url)
    }
  }

  /** As with NODE_DISABLE_COMPILE_CACHE: the code caches are inside, and nothing is written to a disk. */
  #disableDiskCache(): void {
    this.#internals.whenLoaded('module', (Module) => {
      const status = Module.constants.compileCacheStatus.DISABLED
      Module.enableCompileCache = () => ({ status, message: 'the code cache is in the executable' })
    })
  }

  /** node has loaders for .ts only; the build has made JavaScript of these too. */
  #installExtensions(): void {
    const { esmFormats, cjsLoader } = this.#internals
    for (const extension of ['.tsx', '.jsx']) {
      esmFormats.extensionFormatMap[extension] = 'module'
      cjsLoader.Module._extensions[extension] = cjsLoader.Module._extensions['.js']
    }
  }

  #installCommonJs(): void {
    const internals = this.#internals
    const { cjsLoader, loaderHelpers, options } = internals
    const prepared = this.#prepared
    const served = this.#served
    const archive = this.#archive
    const { Module, kIsExecuting } = cjsLoader
    const native = Module.prototype._compile
    const { maybeCacheSourceMap } = this.#internals.sourceMaps
    const isWrapperPatched = watchWrapper(Module)
    const onEvaluated = () => this.watch?.onEvaluated()
    const codeCache = (entry: Entry) => this.#codeCache(entry)

    Module.prototype._compile = function _compile(content: string, filename: string, format?: string) {
      const known = served.get(filename)
      if (
        known === undefined ||
        isWrapperPatched() ||
        content !== (known.text ?? archive.code(known.entry))
      ) {
        return native.call(this, content, filename, known ? format?.replace(TYPESCRIPT_FORMAT, '') : format)
      }
      const { entry } = known
      known.text = undefined // the module keeps what it needs of it
      if (entry.format === FORMAT_MODULE) return native.call(this, content, filename, 'module')
      const cache = codeCache(entry)
      const compiled = prepared.takeFunction(entry)
      // node stops at the main module's first line.
      const isInspected = options.getOptionValue('--inspect-brk')
      if (isInspected || (!compiled && !cache)) return native.call(this, content, filename, 'commonjs')

      const { function: wrapper, sourceMapURL } =
        compiled ?? compileCommonJs(internals, { source: content, file: filename, cache: cache! })
      if (sourceMapURL) maybeCacheSourceMap(filename, content, this, false, undefined, sourceMapURL)
      loaderHelpers.setHasStartedUserCJSExecution()
      this[kIsExecuting] = true
      const require = loaderHelpers.makeRequireFunction(this)
      const result = Reflect.apply(wrapper, this.exports, [
        this.exports,
        require,
        this,
        filename,
        path.dirname(filename),
      ])
      this[kIsExecuting] = false
      onEvaluated()
      return result
    }
  }

  #installModules(): void {
    const internals = this.#internals
    const { esmTranslators, esmUtils, esmLoader, options, sourceMaps } = internals
    const prepared = this.#prepared
    const onModule = (source: string, url: string) => this.watch?.onModule(source, url)
    const { translators } = esmTranslators
    const native = translators.get('module')!
    const buffers = this.#buffers
    const archive = this.#archive
    const codeCache = (entry: Entry) => this.#codeCache(entry)

    /** import.meta.resolve with a second argument, which ours does not have. */
    const hasOtherResolve = () => options.getOptionValue('--experimental-import-meta-resolve') === true
    translators.set('module', function (this: unknown, url: string, context: any, parentURL?: string) {
      const entry = buffers.get(context.source)
      const cache = entry && codeCache(entry)
      const isReady = entry !== undefined && (cache !== undefined || prepared.hasModule(entry, url))
      if (!isReady || hasOtherResolve()) return native.call(this, url, context, parentURL)

      const source = prepared.source(entry) ?? archive.code(entry)
      onModule(source, url)
      let wrap: any
      try {
        wrap = prepared.takeModule(entry, url) ?? compileModule(internals, { source, url, cache: cache! })
      } catch (error: any) {
        // V8 runs with other flags than the cache was made for, or the module is wrong.
        if (error?.code !== 'ERR_VM_MODULE_CACHED_DATA_REJECTED') throw error
        return native.call(this, url, context, parentURL)
      }
      const isMain = parentURL === undefined
      if (isMain) wrap.isMain = true
      if (wrap.sourceMapURL)
        sourceMaps.maybeCacheSourceMap(url, source, wrap, false, wrap.sourceURL, wrap.sourceMapURL)
      const loader = esmLoader.getOrInitializeCascadedLoader()
      esmUtils.registerModule(wrap, {
        __proto__: null,
        initializeImportMeta: (meta: ImportMeta) => initializeImportMeta(meta, url, isMain, loader),
        importModuleDynamically: (specifier: string, _wrap: unknown, attributes: object, phase: number) =>
          loader['import'](specifier, url, attributes, phase),
      })
      return wrap
    })
    for (const format of ['module', 'commonjs', 'require-commonjs']) {
      const strip = translators.get(`${format}-typescript`)!
      translators.set(
        `${format}-typescript`,
        function (this: unknown, url: string, context: any, parentURL?: string) {
          const isJavaScript = buffers.has(context.source)
          if (isJavaScript && format !== 'module') context.source = context.source.toString()
          return Reflect.apply(isJavaScript ? translators.get(format)! : strip, this, [
            url,
            context,
            parentURL,
          ])
        },
      )
    }
  }
}

/** node notices, too, when a program sets Module.wrap or Module.wrapper, but keeps it to itself. */
function watchWrapper(Module: any): () => boolean {
  const { wrap } = Module
  const { wrapper } = Module
  const [head, tail] = wrapper
  return () =>
    Module.wrap !== wrap || Module.wrapper !== wrapper || wrapper[0] !== head || wrapper[1] !== tail
}

/** What node's native initializer sets, in its order (src/module_wrap.cc). */
function initializeImportMeta(meta: any, url: string, isMain: boolean, loader: any): ImportMeta {
  if (url.startsWith('file:')) {
    const filename = fileURLToPath(url)
    meta.dirname = path.dirname(filename)
    meta.filename = filename
  }
  meta.main = isMain
  meta.resolve = (specifier: string) => {
    try {
      return loader.resolveSync(url, { specifier, __proto__: null }).url
    } catch (error: any) {
      const isMissing = error?.code === 'ERR_UNSUPPORTED_DIR_IMPORT' || error?.code === 'ERR_MODULE_NOT_FOUND'
      if (isMissing && error.url) return error.url
      throw error
    }
  }
  meta.url = url
  return meta
}
