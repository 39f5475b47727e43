// Bundles ES modules with rolldown. Where each module lies in the virtual tree stays visible:
// import.meta.url and __dirname become the constants that they would be there.

import { readFileSync } from 'node:fs'
import path from 'node:path'

import type { OutputChunk, Plugin, RolldownError } from 'rolldown'

import { BuildError, type Diagnostic } from '../base/diagnostics.ts'
import type { ResolvedConfig } from '../config/config.ts'
import { placeInside, urlInside } from './place-inside.ts'
import type { GeneratedFile, ModuleFormat } from './graph.ts'
import { COMMONJS_NAMES, isInPackage, placeOf, readText, usesCommonJsNames } from './source.ts'
import { keyOf, type Trace } from './traced-program.ts'
import { isCompilerHelper } from './transform.ts'

export interface BundleInputs {
  readonly config: ResolvedConfig
  readonly trace: Trace
  readonly bundled: ReadonlySet<string>
  /** Of a file on disk. */
  readonly virtualPath: (file: string) => string
  /** Entries among the bundled modules: output path -> file. */
  readonly inputs: Readonly<Record<string, string>>
}

export interface Bundle {
  readonly files: readonly GeneratedFile[]
  readonly diagnostics: readonly Diagnostic[]
}

/** Directory of chunks that are not an entry. */
const CHUNKS = '.ingot'

export async function bundleModules(inputs: BundleInputs): Promise<Bundle> {
  const { rolldown } = await import('rolldown')
  const { config } = inputs
  const diagnostics: Diagnostic[] = []
  try {
    const bundle = await rolldown({
      input: { ...inputs.inputs },
      cwd: config.projectDir,
      platform: 'node',
      transform: { define: { ...config.define } },
      plugins: [followTrace(inputs), placeModules(inputs)],
      onLog(_level, log) {
        if (IGNORED_LOGS.has(log.code ?? '')) return
        diagnostics.push({
          severity: 'warning',
          code: `BUNDLE_${log.code ?? 'WARNING'}`,
          message: log.message,
        })
      },
    })
    const { output } = await bundle.generate({
      format: 'esm',
      dir: config.projectDir,
      entryFileNames: '[name]',
      chunkFileNames: `${CHUNKS}/[name]-[hash].mjs`,
      sourcemap: 'hidden',
      minify: config.minify,
      // Programs look at the names of functions and classes: errors, dependency injection, logging.
      keepNames: !config.minify,
      comments: { legal: true },
    })
    await bundle.close()
    const chunks = output.filter((item): item is OutputChunk => item.type === 'chunk')
    return { files: chunks.flatMap((chunk) => filesOf(chunk, inputs)), diagnostics }
  } catch (error) {
    throw toBuildError(error)
  }
}

export interface ModuleToCompile {
  readonly file: string
  readonly text: string
  readonly format: ModuleFormat
  /** Specifiers of imports that node would not understand -> URLs. */
  readonly rewritten: Readonly<Record<string, string>>
}

/** JavaScript for one file that stays a file: everything it imports stays an import. */
export async function compileModule(
  { projectDir, define }: Pick<ResolvedConfig, 'projectDir' | 'define'>,
  { file, text, format, rewritten }: ModuleToCompile,
): Promise<string> {
  const { rolldown } = await import('rolldown')
  try {
    const bundle = await rolldown({
      input: file,
      cwd: projectDir,
      platform: 'node',
      treeshake: false,
      transform: { define: { ...define } },
      plugins: [
        {
          name: 'ingot:keep-imports',
          resolveId(specifier, importer) {
            if (importer !== file || isCompilerHelper(specifier)) return undefined
            return { id: rewritten[specifier] ?? specifier, external: true }
          },
          load: (id) => (id === file ? text : undefined),
          transform: {
            filter: { code: COMMONJS_NAMES },
            handler: (code) =>
              format === 'module'
                ? declareNames(code, 'import.meta.dirname', 'import.meta.filename')
                : undefined,
          },
        },
      ],
      onLog() {},
    })
    const { output } = await bundle.generate({
      format: format === 'module' ? 'esm' : 'cjs',
      dir: path.dirname(file),
      entryFileNames: path.basename(file),
      sourcemap: 'inline',
      exports: 'auto',
    })
    await bundle.close()
    return output[0].code
  } catch (error) {
    throw toBuildError(error)
  }
}

/** Found by our own trace already, or of no meaning in an executable. */
const IGNORED_LOGS = new Set(['UNRESOLVED_IMPORT', 'CIRCULAR_DEPENDENCY', 'EVAL', 'EMPTY_BUNDLE'])

function filesOf(chunk: OutputChunk, { config, virtualPath }: BundleInputs): GeneratedFile[] {
  const { map } = chunk
  if (!map) return [{ path: chunk.fileName, content: chunk.code, format: 'module' }] // rolldown's own helpers
  const files = map.sources.map((source) =>
    path.resolve(config.projectDir, path.dirname(chunk.fileName), source),
  )
  // Relative to the map.
  const sources = files.map((file) => path.relative(CHUNKS, virtualPath(file)))
  // An error shows the line that threw, as it does under plain node; packages only if asked for.
  const sourcesContent = map.sourcesContent?.map((text, i) =>
    config.sourcemap || !isInPackage(files[i]!) ? text : null,
  )
  const name = `${CHUNKS}/${path.basename(chunk.fileName)}.map`
  const link = path.relative(path.dirname(chunk.fileName), name)
  return [
    { path: chunk.fileName, content: `${chunk.code}//# sourceMappingURL=${link}\n`, format: 'module' },
    {
      path: name,
      content: JSON.stringify({
        version: 3,
        sources,
        sourcesContent,
        names: map.names,
        mappings: map.mappings,
      }),
    },
  ]
}

const CONTENT_QUERY = /\?ingot-(text|bytes)$/

/** Gives rolldown the resolutions that the trace found; kept files stay imports of their place in the tree. */
function followTrace({ config, trace, bundled, virtualPath }: BundleInputs): Plugin {
  return {
    name: 'ingot:trace',
    resolveId(specifier, importer) {
      const module = importer === undefined ? undefined : trace.modules.get(importer)
      if (!module || isCompilerHelper(specifier)) return undefined
      const reference = module.scan.references.find(
        (item) => item.kind === 'import' && item.specifier === specifier,
      )
      const resolution = reference && module.resolutions.get(keyOf(reference))
      if (resolution?.kind !== 'file') return { id: specifier, external: true }
      const { file } = resolution
      if (reference?.type === 'text' || reference?.type === 'bytes') return `${file}?ingot-${reference.type}`
      if (bundled.has(file) || file.endsWith('.json')) return file
      return { id: urlInside(virtualPath(file), config.target), external: true }
    },
    load(id) {
      const type = CONTENT_QUERY.exec(id)?.[1]
      if (!type) return undefined
      return { code: contentModule(id.replace(CONTENT_QUERY, ''), type), moduleType: 'js' }
    },
  }
}

function contentModule(file: string, type: string): string {
  if (type === 'text') return `export default ${JSON.stringify(readText(file))}`
  const bytes = readFileSync(file)
  return `export default Uint8Array.from(atob(${JSON.stringify(bytes.toString('base64'))}), (c) => c.charCodeAt(0))`
}

/** import.meta.url and its kin, __dirname and __filename. */
function placeModules({ config, trace, virtualPath, inputs }: BundleInputs): Plugin {
  const entries = new Set(Object.values(inputs))
  return {
    name: 'ingot:place',
    transform: {
      filter: { code: /import\.meta|__dirname|__filename/ },
      handler(code, id) {
        if (!trace.modules.has(id)) return undefined
        const place = virtualPath(id)
        const values = {
          url: urlInside(place, config.target),
          dirname: placeInside(path.dirname(place), config.target),
          filename: placeInside(place, config.target),
        }
        const replaced = code.replace(
          /\bimport\.meta\.(url|dirname|filename|main)\b/g,
          (match, name: keyof typeof values | 'main') => {
            if (name === 'main') return entries.has(id) ? match : 'false'
            return JSON.stringify(values[name])
          },
        )
        return declareNames(replaced, JSON.stringify(values.dirname), JSON.stringify(values.filename))
      },
    },
  }
}

/** Declared on the first line, so that every other line keeps its number. */
function declareNames(code: string, dirname: string, filename: string) {
  const names = usesCommonJsNames(code) ? `const __dirname = ${dirname}, __filename = ${filename};` : ''
  return { code: names + code, map: null }
}

function toBuildError(error: unknown): unknown {
  const [first] = (error as { errors?: RolldownError[] }).errors ?? []
  if (!first) return error
  const { message, loc, id, pos } = first
  const file = loc?.file ?? id
  const at =
    file === undefined ? undefined : loc ? { file, line: loc.line, column: loc.column + 1 } : { file }
  const place = at && pos !== undefined && !loc ? placeOf(at.file, readText(at.file), pos) : at
  return new BuildError(first.code ?? 'BUNDLE_FAILED', message.split('\n')[0]!, {
    ...(place && { at: place }),
    help: 'correct the source',
  })
}
