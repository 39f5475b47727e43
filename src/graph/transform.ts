// Turns a kept file's TypeScript or JSX into JavaScript that node's loader can run in its place.
// Where blanking out the types is all it takes, that is what happens: line and column of every
// statement stay what they are in the source, as under plain node.

import { stripTypeScriptTypes } from 'node:module'
import path from 'node:path'

import { parseSync, transformSync } from 'rolldown/utils'

import { BuildError } from '../base/diagnostics.ts'
import { needsTransform } from './source.ts'

export interface TransformOptions {
  readonly define: Readonly<Record<string, string>>
}

/** Begins the comment that carries a source map. */
export const INLINE_MAP = '//# sourceMappingURL=data:application/json;base64,'

/** JavaScript for the file, or undefined if it can run as it is. */
export function transformModule(file: string, text: string, { define }: TransformOptions): string | undefined {
  const defines = Object.keys(define).some((key) => text.includes(key))
  const attributes = ATTRIBUTE_IMPORT.test(text)
  if (!needsTransform(file) && !defines && !attributes) return undefined
  const compiled = needsTransform(file) || defines ? compile(file, text, defines ? define : {}) : text
  return attributes ? replaceAttributeImports(compiled) : compiled
}

function compile(file: string, text: string, define: Readonly<Record<string, string>>): string {
  const { code, map, errors } = transformSync(file, text, { define: { ...define }, sourcemap: true, tsconfig: true })
  const [error] = errors
  if (error) {
    throw new BuildError('SYNTAX_ERROR', error.message.split('\n')[0]!, { at: { file }, help: 'correct the source' })
  }
  const erased = Object.keys(define).length === 0 ? eraseTypes(file, text) : undefined
  if (erased !== undefined && importCount(file, erased) === importCount('x.js', code)) return erased
  const sources = [path.basename(file)]
  const encoded = Buffer.from(JSON.stringify({ ...map, sources, sourcesContent: undefined })).toString('base64')
  return `${code}\n${INLINE_MAP}${encoded}`
}

function eraseTypes(file: string, text: string): string | undefined {
  if (file.endsWith('x')) return undefined
  try {
    return withoutWarning(() => stripTypeScriptTypes(text, { mode: 'strip' }))
  } catch {
    return undefined // enums, namespaces, decorators: they need real code
  }
}

/** node calls stripTypeScriptTypes experimental, once a process, on standard error. */
function withoutWarning<T>(run: () => T): T {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return run()
  } finally {
    process.emitWarning = emitWarning
  }
}

/** Imports that are there only for types are dropped by compilers; then erasing is not enough. */
function importCount(file: string, code: string): number {
  return parseSync(file, code).module.staticImports.length
}

/** node has no `bytes`, and `text` only behind a flag. */
const ATTRIBUTE_IMPORT = /\bimport\s+[\w$]+\s+from\s*["'][^"']+["']\s*with\s*\{\s*["']?type["']?\s*:\s*["'](?:text|bytes)["']/

function replaceAttributeImports(code: string): string {
  const pattern = /\bimport\s+([\w$]+)\s+from\s*(["'][^"']+["'])\s*with\s*\{\s*["']?type["']?\s*:\s*["'](text|bytes)["']\s*,?\s*\}\s*;?/g
  return code.replace(pattern, (_match, name: string, specifier: string, type: string) => {
    const read = `process.getBuiltinModule('node:fs').readFileSync(new URL(${specifier}, import.meta.url)`
    return type === 'text' ? `const ${name} = ${read}, 'utf8');` : `const ${name} = new Uint8Array(${read}));`
  })
}

