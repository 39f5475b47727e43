// Takes the types out of TypeScript that stays a file. Where blanking them out is all it takes, line
// and column of every statement stay what they are in the source, as under plain node.

import { stripTypeScriptTypes } from 'node:module'

import { parseSync, transformSync, Visitor } from 'rolldown/utils'

import { isTypeScript } from './source.ts'

/**
 * The module as plain JavaScript of the same shape; undefined if it takes a compiler: JSX, enums,
 * namespaces, decorators, imports that are there only for their types.
 */
export function eraseTypes(file: string, text: string): string | undefined {
  if (file.endsWith('x')) return undefined
  if (!isTypeScript(file)) return text
  let erased: string
  try {
    erased = withoutWarning(() => stripTypeScriptTypes(text, { mode: 'strip' }))
  } catch {
    return undefined
  }
  if (hasDecorators(erased)) return undefined // erased or not, V8 does not know them
  const compiled = transformSync(file, text, { tsconfig: true })
  return importCount(erased) === importCount(compiled.code) ? erased : undefined
}

function hasDecorators(code: string): boolean {
  let found = false
  if (code.includes('@')) new Visitor({ Decorator: () => (found = true) }).visit(parseSync('x.js', code).program)
  return found
}

/** Specifiers that a compiler adds: JSX's runtime. */
export function addedImports(file: string, text: string): string[] {
  if (!file.endsWith('x')) return []
  const { code } = transformSync(file, text, { tsconfig: true })
  const before = new Set(specifiersOf(file, text))
  return specifiersOf('x.js', code).filter(
    (specifier) => !before.has(specifier) && !isCompilerHelper(specifier),
  )
}

/** Code of the compiler's own (for decorators, say), which the bundler has at hand. */
export function isCompilerHelper(specifier: string): boolean {
  return specifier.includes('@oxc-project')
}

function specifiersOf(file: string, code: string): string[] {
  return parseSync(file, code).module.staticImports.map((item) => item.moduleRequest.value)
}

function importCount(code: string): number {
  return specifiersOf('x.js', code).length
}

/** node calls stripTypeScriptTypes experimental, once a process, on standard error. */
function withoutWarning<T>(run: () => T): T {
  const emitWarning = process.emitWarning.bind(process)
  process.emitWarning = () => {}
  try {
    return run()
  } finally {
    process.emitWarning = emitWarning
  }
}

const ATTRIBUTE_IMPORT =
  /\bimport\s+([\w$]+)\s+from\s*(["'][^"']+["'])\s*with\s*\{\s*["']?type["']?\s*:\s*["'](text|bytes)["']\s*,?\s*\}\s*;?/g

/** node has no `bytes`, and `text` only behind a flag: they become reads, each on its own line. */
export function replaceAttributeImports(code: string): string {
  return code.replace(ATTRIBUTE_IMPORT, (match, name: string, specifier: string, type: string) => {
    const read = `process.getBuiltinModule('node:fs').readFileSync(new URL(${specifier}, import.meta.url)`
    const lines = '\n'.repeat(match.split('\n').length - 1)
    return type === 'text'
      ? `const ${name} = ${read}, 'utf8');${lines}`
      : `const ${name} = new Uint8Array(${read}));${lines}`
  })
}
