// Reads what a module of the program itself refers to: it is parsed, so that every finding has its place.

import path from 'node:path'

import { parseSync, Visitor } from 'rolldown/utils'

import { BuildError } from '../base/diagnostics.ts'
import { ANCHORS, calleeName, Evaluator, PATH_NODES, type AstNode } from './evaluate.ts'
import { exportedValues, isCommonJsExport } from './exported.ts'
import type { EdgeKind } from './resolve.ts'
import type { Reference, Scan } from './scan.ts'
import { Scopes } from './scopes.ts'
import { COMMONJS_NAMES, isTypeScript, placeOf } from './source.ts'
import { addedImports, stripTypes } from './transform.ts'
import {
  combine,
  either,
  isOwn,
  propertyOf,
  textsOf,
  WILDCARD,
  withoutPlaceholders,
  type Imported,
  type Value,
} from './values.ts'

/** @throws BuildError SYNTAX_ERROR with file:line:column */
export function scanOwnModule(file: string, text: string, imported: Imported): Scan {
  const parsed = parsedModule(file, text)
  const [error] = parsed.errors
  if (error) {
    const label = error.labels?.[0]
    throw new BuildError('SYNTAX_ERROR', error.message, {
      at: label ? placeOf(file, text, label.start) : { file },
      help: error.helpMessage ?? 'correct the source',
    })
  }
  return new OwnModule(file, text, parsed.program, parsed.hasModuleSyntax).scan(imported)
}

function parsedModule(file: string, text: string) {
  const asItSeems = parseSync(file, text)
  const hasModuleSyntax = asItSeems.module.hasModuleSyntax && !isModuleByTypes(file, text, asItSeems)
  // What CommonJS wraps in a function may return, and more; a module may wait, by which alone node knows it, too.
  const others = asItSeems.errors.length === 0 || hasModuleSyntax ? [] : (['commonjs', 'module'] as const)
  for (const sourceType of others) {
    const { program, errors } = parseSync(file, text, { sourceType })
    if (errors.length === 0) return { program, errors, hasModuleSyntax: sourceType === 'module' }
  }
  return { program: asItSeems.program, errors: asItSeems.errors, hasModuleSyntax }
}

/** What is left without types is what node goes by. */
function isModuleByTypes(file: string, text: string, { program }: ReturnType<typeof parseSync>): boolean {
  const isType = (node: any) => (node.importKind ?? node.exportKind) === 'type'
  if (!isTypeScript(file) || !program.body.some(isType)) return false
  const erased = stripTypes(text)
  return erased !== undefined && !parseSync('x.js', erased).module.hasModuleSyntax
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
  readonly #pathNodes: AstNode[] = []
  /** Statements. */
  readonly #exports: AstNode[] = []
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

  scan(imported: Imported): Scan {
    this.#prepare(imported)
    const isAnchored = ANCHORS.test(this.#text) || Object.keys(imported).length > 0
    if (isAnchored)
      for (const node of this.#pathNodes) {
        this.#path(this.#evaluator.evaluate(node))
        if (node.type === 'CallExpression') this.#relativeToOption(node.arguments)
      }
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
      CallExpression: (node: any) => this.#call(node),
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
      exports: isAnchored ? exportedValues(this.#exports, this.#evaluator) : {},
    }
  }

  #prepare(imported: Imported): void {
    const scopes = new Scopes()
    const onPath = (node: any) => this.#pathNodes.push(node)
    new Visitor({
      ...scopes.visitor,
      ...Object.fromEntries(PATH_NODES.map((type) => [type, onPath])),
      CallExpression: (node: any) => (scopes.call(node), onPath(node)),
      VariableDeclarator: ({ id, init }: any) => {
        if (init?.type === 'CallExpression' && CREATE_REQUIRE.test(calleeName(init.callee)))
          this.#requireNames.set(id.name, init.arguments[0])
      },
      ExpressionStatement: (node: any) => isCommonJsExport(node.expression) && this.#exports.push(node),
      ExportNamedDeclaration: (node: any) => this.#exports.push(node),
      ExportAllDeclaration: (node: any) => this.#exports.push(node),
      ExportDefaultDeclaration: (node: any) => this.#exports.push(node),
      TryStatement: (node: any) => node.handler && this.#tries.push([node.block.start, node.block.end]),
    }).visit(this.#program as any)
    scopes.finish()
    this.#pathNodes.sort((a, b) => a.start - b.start)
    this.#evaluator = new Evaluator(this.#file, scopes, imported, this.#pathNodes, (path) => this.#path(path))
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
      const elsewhere = base !== undefined && !isOwn(this.#evaluator.evaluate(base))
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
    const texts = new Set(textsOf(this.#evaluator.evaluate(node)).map(withoutPlaceholders))
    const isLiteral = node?.type === 'Literal'
    const optional = how.optional || !isLiteral
    for (const text of texts) {
      // One of node's own, whichever it is.
      if (text.startsWith('node:') && text.includes(WILDCARD)) continue
      if (!text.includes(WILDCARD)) {
        const isGuess = texts.size > 1
        this.#references.push({
          kind,
          specifier: text,
          start,
          ...how,
          optional,
          ...(type && { type }),
          isGuess,
        })
      } else if (
        /^(?:(?:file:\/\/)?(?:\.{1,2})?\/|@[^/\0]+\/[^/\0]+\/|[^@./\0][^/\0]*\/)/.test(text) &&
        !/^\.{1,2}\/\0$/.test(text)
      ) {
        this.#globs.push({ kind, pattern: text, start })
      } else if (this.#computed.at(-1)?.start !== start) {
        this.#computed.push({ kind, start })
      }
    }
    // A literal is resolved at build time; anything else runs under the module's own path.
    if (kind === 'import' && !isLiteral) this.#unbundlable ??= 'has a computed import()'
  }

  #path(value: Value): void {
    for (const each of textsOf(value))
      if (each.anchored && each.text.startsWith('/')) this.#paths.add(withoutPlaceholders(each))
  }

  /** `globSync('*.md', { cwd: import.meta.dirname })`, `sendFile('a.html', { root: import.meta.dirname })` */
  #relativeToOption([names, options]: readonly AstNode[]): void {
    if (options?.type !== 'ObjectExpression') return
    const given = this.#evaluator.evaluate(options)
    const directory = either(['cwd', 'root'].map((name) => propertyOf(given, name)).filter(isOwn))
    if (!isOwn(directory)) return
    const named = this.#evaluator.evaluate(names)
    for (const each of named.kind === 'array' ? named.elements : [named])
      this.#path(combine([directory, each], (parts) => path.join(...parts)))
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
