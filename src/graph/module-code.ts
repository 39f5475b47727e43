// What the loader runs of a module that stays a file: its text, the text without types, or what a compiler makes
// of it.

import type { ResolvedConfig } from '../config/config.ts'
import { addJsonAttributes, replaceAttributeImports } from './attribute-imports.ts'
import type { GraphMemory } from './memory.ts'
import { urlInside } from './place-inside.ts'
import { isInPackage, isTypeScript } from './source.ts'
import type { Trace, TracedModule } from './traced-program.ts'
import type { Strip } from './transform.ts'

export interface CodeInputs {
  readonly config: Pick<ResolvedConfig, 'projectDir' | 'define' | 'bundle' | 'target'>
  readonly options: Trace['options']
  readonly packages: Trace['packages']
  readonly memory: GraphMemory
  readonly strip: Strip
  /** Of a file on disk. */
  readonly virtualPath: (file: string) => string
}

/** The module as JavaScript of the same shape; undefined where that takes a compiler. */
export function plainCodeOf(
  { config, options, memory, strip }: Omit<CodeInputs, 'virtualPath' | 'packages'>,
  { file, format, scan, resolutions }: TracedModule,
): string | undefined {
  const hasDefine = Object.keys(config.define).some((key) => scan.text.includes(key))
  if (hasDefine) return undefined
  if (isInPackage(file)) return scan.text
  const isPlain = [...resolutions.values()].every((item) => item.kind !== 'file' || !item.compilerOnly)
  // Written for a compiler that makes CommonJS of it, where these names exist.
  const isMixed = format === 'module' && isTypeScript(file) && scan.usesCommonJsNames
  return isPlain && !isMixed ? memory.erase(file, scan.text, options, strip) : undefined
}

/** @param plain what plainCodeOf says */
export async function codeOf(
  inputs: CodeInputs,
  module: TracedModule,
  plain: string | undefined,
): Promise<string> {
  const code = replaceAttributeImports(plain ?? (await compiledCodeOf(inputs, module)))
  return isTypeScript(module.file) && module.format === 'module' ? addJsonAttributes(code) : code
}

async function compiledCodeOf(
  { config, options, packages, memory, virtualPath }: CodeInputs,
  { file, format, scan: { text }, resolutions }: TracedModule,
): Promise<string> {
  // With the bundler, which most programs do without.
  const { compileModule } = await import('./bundle.ts')
  const rewritten: Record<string, string> = {}
  for (const [key, resolution] of resolutions) {
    const isRewritten = key.startsWith('import ') && resolution.kind === 'file' && resolution.compilerOnly
    if (isRewritten)
      rewritten[key.slice('import '.length)] = urlInside(virtualPath(resolution.file), config.target)
  }
  const { projectDir, define } = config
  // The bundler goes by the package's type, too, in how it wraps what it compiles.
  const type = packages.scopeOf(file)?.json.type ?? ''
  const from = [text, format, type, projectDir, JSON.stringify([define, rewritten])]
  return memory.compile(file, from, options, () => compileModule(config, { file, text, format, rewritten }))
}
