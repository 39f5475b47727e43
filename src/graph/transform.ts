// Takes the types out of TypeScript that stays a file. Where blanking them out is all it takes, line
// and column of every statement stay what they are in the source, as under plain node.

import { stripTypeScriptTypes } from 'node:module'

import { parseSync, transformSync, Visitor } from 'rolldown/utils'

import { BuildError } from '../base/diagnostics.ts'
import { isTypeScript, placeOf } from './source.ts'

/** Blanks out the types of TypeScript; undefined where it takes more than that. */
export type Strip = (text: string) => string | undefined

/**
 * The module as plain JavaScript of the same shape; undefined if it takes a compiler: JSX, enums,
 * namespaces, decorators, fields of classes that are to be assigned.
 * @throws BuildError DECORATORS_STANDARD, ACCESSOR_FIELDS
 */
export function eraseTypes(file: string, text: string, strip: Strip): string | undefined {
  const isJsx = file.endsWith('x')
  if (!isTypeScript(file) && !isJsx) return text
  const compiled = new Parsed('x.js', transformSync(file, text, { tsconfig: true }).code)
  const unknown = UNKNOWN_TO_V8.find((one) => find(one, compiled) !== undefined)
  if (unknown) throw notInV8(file, text, unknown)
  const stripped = isJsx ? undefined : strip(text)
  if (stripped === undefined) return undefined
  const erased = new Parsed('x.js', stripped)
  if (find(DECORATOR, erased) !== undefined) return undefined
  // "useDefineForClassFields": false makes assignments of them.
  if (fieldCount(erased) !== fieldCount(compiled)) return undefined
  return withoutTypeNames(erased, compiled)
}

/** A text that is parsed once, when its syntax is first looked at. */
class Parsed {
  readonly code: string
  readonly #file: string
  #syntax: ReturnType<typeof parseSync> | undefined

  constructor(file: string, code: string) {
    this.#file = file
    this.code = code
  }

  get syntax(): ReturnType<typeof parseSync> {
    return (this.#syntax ??= parseSync(this.#file, this.code))
  }
}

/** Blanks out what is imported and exported for its type alone, of which the syntax says nothing: a compiler has left it out. */
function withoutTypeNames(erased: Parsed, compiled: Parsed): string {
  const imports = new Set(
    importsOf(compiled).flatMap(({ from, names }) => names.map(({ local }) => `${local} ${from}`)),
  )
  const exports = new Set(exportsOf(compiled).map(({ name }) => name))
  const blanked = [
    ...importsOf(erased).flatMap(({ from, names, range }) => {
      const unused = names.filter(({ local }) => !imports.has(`${local} ${from}`))
      const isAll = names.length > 0 && unused.length === names.length
      return isAll ? [range] : unused.map((name) => withComma(erased.code, name.range))
    }),
    ...exportsOf(erased)
      .filter(({ name }) => !exports.has(name))
      .map(({ range }) => withComma(erased.code, range)),
  ]
  return blanked.reduce(
    (code, [start, end]) =>
      code.slice(0, start) + code.slice(start, end).replace(/\S/g, ' ') + code.slice(end),
    erased.code,
  )
}

type Range = readonly [start: number, end: number]

function importsOf({ syntax }: Parsed) {
  return syntax.module.staticImports.map(({ start, end, moduleRequest, entries }) => ({
    from: moduleRequest.value,
    range: [start, end] as Range,
    names: entries.map(({ importName, localName }) => ({
      local: localName.value,
      range: [importName.start ?? localName.start, localName.end] as Range,
    })),
  }))
}

/** In braces, of the module's own names. */
function exportsOf({ code, syntax }: Parsed) {
  return syntax.module.staticExports.flatMap(({ start, entries }) =>
    /^export\s*\{/.test(code.slice(start))
      ? entries
          .filter(({ moduleRequest }) => !moduleRequest)
          .map((entry) => ({ name: entry.exportName.name, range: [entry.start, entry.end] as Range }))
      : [],
  )
}

function withComma(code: string, [start, end]: Range): Range {
  const after = /^\s*,/.exec(code.slice(end))
  if (after) return [start, end + after[0].length]
  const before = /,\s*$/.exec(code.slice(0, start))
  return [start - (before?.[0].length ?? 0), end]
}

/** node's own way: what it would run. */
export function stripTypes(text: string): string | undefined {
  try {
    return withoutWarning(() => stripTypeScriptTypes(text, { mode: 'strip' }))
  } catch {
    return undefined
  }
}

/** What the compiler leaves to the engine. */
const DECORATOR = {
  type: 'Decorator',
  word: '@',
  code: 'DECORATORS_STANDARD',
  what: 'decorators of the standard',
} as const
const UNKNOWN_TO_V8 = [
  DECORATOR,
  { type: 'AccessorProperty', word: 'accessor', code: 'ACCESSOR_FIELDS', what: 'accessor fields' },
] as const
type Unknown = (typeof UNKNOWN_TO_V8)[number]

/** Offset of the first node of that type. */
function find({ type, word }: Unknown, parsed: Parsed): number | undefined {
  let first: number | undefined
  const found = (node: { start: number }) => (first ??= node.start)
  if (parsed.code.includes(word)) new Visitor({ [type]: found }).visit(parsed.syntax.program)
  return first
}

function notInV8(file: string, text: string, unknown: Unknown): BuildError {
  const { code, what } = unknown
  const before =
    unknown === DECORATOR
      ? ', or, if they are meant as before the standard, set "experimentalDecorators": true in tsconfig.json'
      : ''
  return new BuildError(code, `V8 has no ${what} yet`, {
    at: placeOf(file, text, find(unknown, new Parsed(file, text)) ?? 0),
    help: `compile the program first, with "target": "es2022", and build what comes out${before}`,
  })
}

function fieldCount(parsed: Parsed): number {
  let count = 0
  if (/\bclass\b/.test(parsed.code))
    new Visitor({ PropertyDefinition: () => count++ }).visit(parsed.syntax.program)
  return count
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
