// Reads what a module refers to. The program's own modules are parsed, so that every finding has
// its place; packages, of which there can be thousands and whose authors nobody here can ask, are
// scanned by pattern, which may find too much (then more is embedded) but not too little.

import path from 'node:path'

import { parseSync, Visitor } from 'rolldown/utils'

import { BuildError } from '../base/diagnostics.ts'
import { calleeName, Evaluator, WILDCARD, type AstNode } from './evaluate.ts'
import type { EdgeKind } from './resolve.ts'
import { COMMONJS_NAMES, isInPackage, placeOf } from './source.ts'
import { addedImports } from './transform.ts'

/** A reference by module specifier. */
export interface Reference {
  readonly kind: EdgeKind
  readonly specifier: string
  /** Offset in the source. */
  readonly start: number
  /** Failing to find it is the program's to handle: inside try, or a dynamic import. */
  readonly optional: boolean
  /** Looked up from another place, by a require that was made for it. */
  readonly elsewhere?: boolean
  /** Only its path is asked for (require.resolve, import.meta.resolve). */
  readonly byPath: boolean
  /** The import attribute `type`. */
  readonly type?: string
}

export interface Scan {
  readonly text: string
  readonly hasModuleSyntax: boolean
  readonly references: readonly Reference[]
  /** Absolute paths of files and directories it names, with WILDCARD for what varies. */
  readonly paths: readonly string[]
  /** Relative or absolute specifiers with WILDCARD. */
  readonly globs: readonly { readonly kind: EdgeKind; readonly pattern: string; readonly start: number }[]
  /** require() and import() of which nothing is known. */
  readonly computed: readonly { readonly kind: EdgeKind; readonly start: number }[]
  /** It asks where something lies by a name of which nothing is known. */
  readonly computesNames: boolean
  /** It finds files by path in ways that only the whole package can satisfy. */
  readonly looksAround: boolean
  /** It refers to __dirname or __filename as names of its own surroundings. */
  readonly usesCommonJsNames: boolean
  /** It installs hooks that see modules being loaded. */
  readonly hooksModules: boolean
  /** It must run under its own path and loader: why. */
  readonly unbundlable: string | undefined
  /** Environment variables that it asks for by name. */
  readonly variables: readonly { readonly name: string; readonly start: number }[]
  /** String literals that could name a package. */
  readonly names: ReadonlySet<string>
}

/** Who remembers what parsing has found out about a text with that extension. */
export type RememberSyntax = (extension: string, text: string, parse: () => boolean) => boolean

export function scanModule(file: string, text: string, remember: RememberSyntax): Scan {
  return isInPackage(file) ? scanPackageModule(file, text, remember) : scanOwnModule(file, text)
}

/** Between the words: people leave notes for bundlers there. */
const GAP = String.raw`\s*(?:\/\*[^*]{0,999}\*+(?:[^/*][^*]{0,99}\*+){0,9}\/\s*){0,9}`
const REQUIRES = new RegExp(
  String.raw`\brequire(\.resolve)?\s*\(${GAP}(["'\`])([^"'\`$\n]+)\2${GAP}[,)]`,
  'g',
)
/** What follows is only looked at: the word may be the end of a string, and what follows then is between two strings. */
const IMPORTS = new RegExp(
  String.raw`(?<![\w$])(?:from|import|import\s*\(|import\.meta\.resolve\s*\(|register\s*\()(?=${GAP}(["'])([^"'\n]+)\1)`,
  'g',
)
const MODULE_SYNTAX =
  /(?:^|[\s;}])(?:import\s*(?:["'{*]|[\w$]+\s*(?:,|from\b))|export\s*(?:[{*]|default\b|const\b|let\b|var\b|function\b|class\b|async\b))/
/** Anything but one literal as the argument; or the function under another name, to fool bundlers. */
const COMPUTED_REQUIRE = new RegExp(
  String.raw`\brequire\s*\((?!${GAP}(?:\)|(["'\`])[^"'\`$\n]*\1${GAP}[,)]))|=\s*require\s*[;,)\n]`,
)
const COMPUTED_IMPORT = new RegExp(String.raw`\bimport\s*\((?!${GAP}(?:\)|(["'\`])[^"'\`$\n]*\1${GAP}[,)]))`)
const COMPUTED_RESOLVE = new RegExp(
  String.raw`\b(?:require|import\.meta)\.resolve\s*\((?!${GAP}(?:\)|(["'\`])[^"'\`$\n]*\1${GAP}[,)]))`,
)
/** node:module's two ways; OpenTelemetry, Sentry and their kin call one of them. */
const HOOKS_MODULES = /\bregisterHooks\s*\(|\bregister\s*\(\s*["'][^"'\n]+["']\s*,/
const LOOKS_AROUND =
  /__dirname|__filename|import\.meta\.(?:url|dirname|filename|resolve)|require\.resolve\b|\bcreateRequire\b|process\.dlopen|node-gyp-build|\bbindings['"]/

function scanPackageModule(file: string, text: string, remember: RememberSyntax): Scan {
  const references: Reference[] = []
  for (const match of text.matchAll(REQUIRES)) {
    const specifier = match[3]!
    references.push({
      kind: 'require',
      specifier,
      start: match.index,
      optional: true,
      byPath: match[1] !== undefined,
    })
  }
  for (const match of text.matchAll(IMPORTS)) {
    const specifier = match[2]!
    references.push({ kind: 'import', specifier, start: match.index, optional: true, byPath: false })
  }
  const computed: Scan['computed'][number][] = []
  if (COMPUTED_REQUIRE.test(text)) computed.push({ kind: 'require', start: 0 })
  if (COMPUTED_IMPORT.test(text)) computed.push({ kind: 'import', start: 0 })
  const looksAround = LOOKS_AROUND.test(text)
  return {
    text,
    // The pattern also finds strings and comments; parsing every package would take too long.
    hasModuleSyntax:
      MODULE_SYNTAX.test(text) &&
      remember(path.extname(file), text, () => parseSync(file, text).module.hasModuleSyntax),
    references,
    paths: [],
    globs: [],
    computed,
    computesNames: looksAround && COMPUTED_RESOLVE.test(text),
    looksAround,
    usesCommonJsNames: false,
    hooksModules: HOOKS_MODULES.test(text),
    unbundlable: computed.length > 0 || looksAround ? 'finds files by path' : undefined,
    variables: [],
    names: new Set(),
  }
}

/** @throws BuildError SYNTAX_ERROR with file:line:column */
function scanOwnModule(file: string, text: string): Scan {
  const parsed = parseSync(file, text)
  const [error] = parsed.errors
  if (error) {
    const label = error.labels?.[0]
    throw new BuildError('SYNTAX_ERROR', error.message, {
      at: label ? placeOf(file, text, label.start) : { file },
      help: error.helpMessage ?? 'correct the source',
    })
  }
  return new OwnModule(file, text, parsed.program, parsed.module.hasModuleSyntax).scan()
}

const CREATE_REQUIRE = /(?:^|\.)createRequire$/
const REGISTER = /(?:^|\.)register$/
const REGISTER_HOOKS = /(?:^|\.)registerHooks$/
const PROCESS_ENV = /^(?:globalThis\.)?process\s*\.\s*env$/
/** What comes second in module.register(specifier, parentURL); others have functions of that name, too. */
const PARENT_URL = /^(?:import\.meta\.url|__filename|(?:\w+\.)?pathToFileURL\()/

class OwnModule {
  readonly #file: string
  readonly #text: string
  readonly #program: AstNode
  readonly #hasModuleSyntax: boolean
  readonly #references: Reference[] = []
  readonly #paths = new Set<string>()
  readonly #globs: Scan['globs'][number][] = []
  readonly #computed: Scan['computed'][number][] = []
  readonly #variables: Scan['variables'][number][] = []
  readonly #names = new Set<string>()
  /** Names of functions that require, with what createRequire was given. */
  readonly #requireNames = new Map<string, AstNode | undefined>([
    ['require', undefined],
    ['module.require', undefined],
  ])
  #evaluator!: Evaluator
  #tries: [start: number, end: number][] = []
  #usesCommonJsNames = false
  #hooksModules = false
  #unbundlable: string | undefined

  constructor(file: string, text: string, program: AstNode, hasModuleSyntax: boolean) {
    this.#file = file
    this.#text = text
    this.#program = program
    this.#hasModuleSyntax = hasModuleSyntax
  }

  scan(): Scan {
    this.#collectConstants()
    const onPath = (node: any) => this.#path(node)
    new Visitor({
      ImportDeclaration: (node: any) => node.importKind !== 'type' && this.#static(node),
      ExportNamedDeclaration: (node: any) => node.source && node.exportKind !== 'type' && this.#static(node),
      ExportAllDeclaration: (node: any) => node.exportKind !== 'type' && this.#static(node),
      TSImportEqualsDeclaration: (node: any) => this.#importEquals(node),
      ImportExpression: (node: any) =>
        this.#refer(
          'import',
          node.source,
          node.start,
          { optional: true, byPath: false },
          attributeType(node),
        ),
      CallExpression: (node: any) => (this.#call(node), onPath(node)),
      NewExpression: onPath,
      TemplateLiteral: onPath,
      BinaryExpression: onPath,
      Literal: (node: any) => typeof node.value === 'string' && this.#names.add(node.value),
      MemberExpression: (node: any) => this.#member(node),
      VariableDeclarator: (node: any) => this.#destructured(node),
      MetaProperty: (node: any) => this.#meta(node),
      Identifier: (node: any) => COMMONJS_NAMES.test(node.name) && (this.#usesCommonJsNames = true),
    }).visit(this.#program as any)
    for (const specifier of addedImports(this.#file, this.#text)) {
      this.#references.push({ kind: 'import', specifier, start: 0, optional: false, byPath: false })
    }
    return {
      text: this.#text,
      hasModuleSyntax: this.#hasModuleSyntax,
      references: this.#references,
      paths: [...this.#paths],
      globs: this.#globs,
      computed: this.#computed,
      computesNames: false,
      looksAround: false,
      usesCommonJsNames: this.#usesCommonJsNames,
      hooksModules: this.#hooksModules,
      unbundlable: this.#unbundlable,
      variables: this.#variables,
      names: this.#names,
    }
  }

  #collectConstants(): void {
    const constants = new Map<string, AstNode>()
    const ambiguous = new Set<string>()
    new Visitor({
      VariableDeclarator: (node: any) => {
        if (node.id.type !== 'Identifier' || !node.init) return
        if (constants.has(node.id.name)) ambiguous.add(node.id.name)
        constants.set(node.id.name, node.init)
        if (node.init.type === 'CallExpression' && CREATE_REQUIRE.test(calleeName(node.init.callee))) {
          this.#requireNames.set(node.id.name, node.init.arguments[0])
        }
      },
      TryStatement: (node: any) => node.handler && this.#tries.push([node.block.start, node.block.end]),
    }).visit(this.#program as any)
    for (const name of ambiguous) constants.delete(name)
    this.#evaluator = new Evaluator(this.#file, constants)
  }

  #static(node: any): void {
    const onlyTypes =
      node.specifiers?.length > 0 &&
      node.specifiers.every((s: any) => (s.importKind ?? s.exportKind) === 'type')
    if (!onlyTypes)
      this.#refer(
        'import',
        node.source,
        node.source.start,
        { optional: false, byPath: false },
        attributeType(node),
      )
  }

  #importEquals(node: any): void {
    const { moduleReference } = node
    if (moduleReference.type === 'TSExternalModuleReference' && node.importKind !== 'type') {
      this.#refer('require', moduleReference.expression, moduleReference.start, {
        optional: false,
        byPath: false,
      })
    }
  }

  #call(node: any): void {
    const made = node.callee.type === 'CallExpression' && CREATE_REQUIRE.test(calleeName(node.callee.callee))
    const name = made ? 'require' : calleeName(node.callee)
    const [argument] = node.arguments
    const required = name.replace(/\.resolve$/, '')
    if (this.#requireNames.has(required)) {
      const base = made ? node.callee.arguments[0] : this.#requireNames.get(required)
      const elsewhere = base !== undefined && !this.#evaluator.evaluate(base).anchored
      const byPath = name !== required && !this.#requireNames.has(name)
      const optional = byPath || elsewhere || this.#inTry(node.start)
      this.#refer('require', argument, node.start, { optional, byPath, elsewhere })
    } else if (name === 'import.meta.resolve')
      this.#refer('import', argument, node.start, { optional: true, byPath: true })
    else if (REGISTER_HOOKS.test(name)) this.#hooksModules = true
    else if (REGISTER.test(name) && PARENT_URL.test(this.#textOf(node.arguments[1]))) {
      this.#hooksModules = true
      this.#refer('import', argument, node.start, { optional: true, byPath: true })
    }
  }

  #textOf(node: AstNode | undefined): string {
    return node ? this.#text.slice(node.start, node.end) : ''
  }

  #refer(
    kind: EdgeKind,
    node: AstNode | undefined,
    start: number,
    how: Pick<Reference, 'optional' | 'byPath' | 'elsewhere'>,
    type?: string,
  ): void {
    const { text } = this.#evaluator.evaluate(node)
    if (!text.includes(WILDCARD)) {
      this.#references.push({ kind, specifier: text, start, ...how, ...(type && { type }) })
    } else if (
      /^(?:(?:file:\/\/)?(?:\.{1,2})?\/|@[^/\0]+\/[^/\0]+\/|[^@./\0][^/\0]*\/)/.test(text) &&
      !/^\.{1,2}\/\0$/.test(text)
    ) {
      this.#globs.push({ kind, pattern: text, start })
    } else {
      this.#computed.push({ kind, start })
    }
    // A literal is resolved at build time; anything else runs under the module's own path.
    if (kind === 'import' && node?.type !== 'Literal') this.#unbundlable ??= 'has a computed import()'
  }

  #path(node: AstNode): void {
    const { text, anchored } = this.#evaluator.evaluate(node)
    if (anchored && text.startsWith('/')) this.#paths.add(text)
  }

  /** `process.env.NAME`, to be read. */
  #member({ object, property, computed, start }: any): void {
    if (!PROCESS_ENV.test(this.#textOf(object))) return
    const name: unknown = computed ? property.value : property.name
    if (typeof name === 'string') this.#variables.push({ name, start })
  }

  #destructured({ id, init }: any): void {
    if (id.type !== 'ObjectPattern' || !PROCESS_ENV.test(this.#textOf(init ?? undefined))) return
    for (const { type, key, computed, start } of id.properties)
      if (type === 'Property' && !computed) this.#variables.push({ name: key.name ?? key.value, start })
  }

  #meta(node: AstNode): void {
    const after = this.#text.slice(node.end)
    if (!/^\s*\.\s*(?:url|dirname|filename|main)\b/.test(after)) this.#unbundlable ??= 'uses import.meta'
  }

  #inTry(start: number): boolean {
    return this.#tries.some(([from, to]) => start >= from && start < to)
  }
}

function attributeType(node: any): string | undefined {
  const attribute = node.attributes?.find((item: any) => (item.key.name ?? item.key.value) === 'type')
  if (attribute) return attribute.value.value
  const options = node.options?.properties?.find((item: any) => item.key?.name === 'with')?.value
  return options?.properties?.find((item: any) => item.key?.name === 'type')?.value?.value
}
