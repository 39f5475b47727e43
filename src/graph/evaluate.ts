// Evaluates the expressions that programs build paths with (path.join(import.meta.dirname, …),
// new URL('./x', import.meta.url), `${__dirname}/x`), as far as they can be known at build time.
// What cannot be known becomes a wildcard, so that './locales/' + name + '.json' is a glob.

import path from 'node:path'

import { builtinCall, byName, isIdentity, isText, joined, methodCall } from './builtin-calls.ts'
import { pathOfFileUrl, pathOfRelativeUrl } from './file-url.ts'
import { lowerBound, parameterOf, propertiesOf, type Binding, type Scopes } from './scopes.ts'
import {
  applied,
  combine,
  concat,
  either,
  isOwn,
  isUnknown,
  placeholder,
  propertyOf,
  takesArguments,
  text,
  textsOf,
  UNKNOWN,
  WILDCARD,
  type Callable,
  type Imported,
  type Parameter,
  type Value,
} from './values.ts'

/** An ESTree node, as far as it is looked at here. */
export interface AstNode {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: any
}

const BUILTINS = new Map([
  ['path', 'path'],
  ['path/posix', 'path'],
  ['url', 'url'],
])
/** Properties of a URL that still name the file. */
const URL_PROPERTIES = new Set(['href', 'pathname'])
/** Of a module that is the entry or not: what it says of the entry leads nowhere else. */
const OWN_FILE =
  /^(?:__filename|import\.meta\.(?:filename|url)|(?:require\.main|process\.mainModule|module)\.filename)$/
const OWN_DIRECTORY =
  /^(?:__dirname|import\.meta\.dirname|(?:require\.main|process\.mainModule|module)\.path)$/
/** Whoever has none of these makes no paths of its own files, unless of what it imports. */
export const ANCHORS =
  /\bimport\.meta\b|__dirname|__filename|\bprocess\.(?:argv|mainModule)\b|\brequire\.main\b|\bmodule\.(?:path|filename)\b/
/** Expressions inside one another, through names and calls. */
const DEEPEST = 400
/** Expressions that may be paths. */
export const PATH_NODES = ['CallExpression', 'NewExpression', 'TemplateLiteral', 'BinaryExpression'] as const

export class Evaluator {
  readonly #file: string
  readonly #scopes: Scopes
  readonly #imported: Imported
  readonly #pathNodes: readonly AstNode[]
  readonly #known = new Map<AstNode, Value>()
  readonly #active = new Set<AstNode>()
  /** Of functions of the program, what they make of the arguments that they are called with. */
  readonly #called: (path: Value) => void

  /** @param pathNodes the module's PATH_NODES, sorted by their starts */
  constructor(
    file: string,
    scopes: Scopes,
    imported: Imported,
    pathNodes: readonly AstNode[],
    called: (path: Value) => void,
  ) {
    this.#file = file
    this.#scopes = scopes
    this.#imported = imported
    this.#pathNodes = pathNodes
    this.#called = called
  }

  evaluate(node: AstNode | null | undefined): Value {
    if (!node || this.#active.has(node) || this.#active.size > DEEPEST) return UNKNOWN
    if (node.type === 'Literal') return this.#evaluate(node)
    const known = this.#known.get(node)
    if (known) return known
    this.#active.add(node)
    try {
      const value = this.#evaluate(node)
      this.#known.set(node, value)
      return value
    } finally {
      this.#active.delete(node)
    }
  }

  #evaluate(node: AstNode): Value {
    switch (node.type) {
      case 'Literal':
        return /^(?:string|number)$/.test(typeof node.value) ? text(String(node.value)) : UNKNOWN
      case 'TemplateLiteral':
        return this.#template(node)
      case 'BinaryExpression':
        return node.operator === '+' ? concat([this.evaluate(node.left), this.evaluate(node.right)]) : UNKNOWN
      case 'LogicalExpression':
        return either([this.evaluate(node.left), this.evaluate(node.right)])
      case 'ConditionalExpression':
        return either([this.evaluate(node.consequent), this.evaluate(node.alternate)])
      case 'SequenceExpression':
        return this.evaluate(node.expressions.at(-1))
      case 'AssignmentExpression':
        return this.evaluate(node.right)
      case 'Identifier':
        return this.#name(node.name, node.start)
      case 'MemberExpression':
        return this.#member(node)
      case 'MetaProperty':
        return node.meta.name === 'import' ? this.#ownPlace() : UNKNOWN
      case 'CallExpression':
        return this.#call(node)
      case 'NewExpression':
        return this.#isUrl(node.callee) ? this.#url(node.arguments) : UNKNOWN
      case 'ObjectExpression':
        return this.#object(node.properties)
      case 'ArrayExpression':
        return { kind: 'array', elements: this.#arguments(node.elements) }
      case 'ArrowFunctionExpression':
      case 'FunctionExpression':
      case 'FunctionDeclaration':
        return this.#function(node)
      case 'ClassDeclaration':
      case 'ClassExpression':
        return this.#object(node.body.body.filter((member: AstNode) => member.static))
      case 'TSAsExpression':
      case 'TSNonNullExpression':
      case 'TSSatisfiesExpression':
      case 'ParenthesizedExpression':
      case 'ChainExpression':
      case 'AwaitExpression':
        return this.evaluate(node.expression ?? node.argument)
      default:
        return UNKNOWN
    }
  }

  #template(node: AstNode): Value {
    const parts: Value[] = []
    node.quasis.forEach((quasi: AstNode, i: number) => {
      parts.push(quasi.value.cooked === null ? UNKNOWN : text(quasi.value.cooked))
      if (i < node.expressions.length) parts.push(this.evaluate(node.expressions[i]))
    })
    return concat(parts)
  }

  /** `import.meta` itself. */
  #ownPlace(): Value {
    const file = text(this.#file, true)
    return {
      kind: 'object',
      properties: { url: file, filename: file, dirname: text(path.dirname(this.#file), true) },
    }
  }

  #name(name: string, at: number): Value {
    const bindings = this.#scopes.lookup(name, at)
    if (bindings) {
      const values = bindings.map((each) => this.#bound(each))
      return either(this.#scopes.isChanged(name) ? [...values, UNKNOWN] : values)
    }
    if (OWN_FILE.test(name)) return text(this.#file, true)
    return OWN_DIRECTORY.test(name) ? text(path.dirname(this.#file), true) : UNKNOWN
  }

  #bound(binding: Binding): Value {
    switch (binding.kind) {
      case 'value':
        return this.evaluate(binding.node)
      case 'property':
        return this.#property(this.evaluate(binding.of), binding.name)
      case 'element': {
        const all = this.evaluate(binding.of)
        return all.kind === 'array' ? either(all.elements) : UNKNOWN
      }
      case 'parameter':
        return text(placeholder(binding.node.start))
      case 'import':
        return this.import(binding.source, binding.name)
    }
  }

  /** @param name `*` for the whole module */
  import(source: string, name: string): Value {
    const builtin = BUILTINS.get(source.replace(/^node:/, ''))
    if (builtin) {
      const module: Value = { kind: 'builtin', name: builtin }
      return name === '*' ? module : propertyOf(module, name)
    }
    const properties = Object.hasOwn(this.#imported, source) ? this.#imported[source]! : {}
    return name === '*' ? { kind: 'object', properties } : propertyOf({ kind: 'object', properties }, name)
  }

  #member(node: AstNode): Value {
    const name = calleeName(node)
    if (OWN_FILE.test(name)) return text(this.#file, true)
    if (OWN_DIRECTORY.test(name)) return text(path.dirname(this.#file), true)
    if (node.object.type === 'ThisExpression') return this.#name(name, node.start)
    const property = node.computed ? this.#only(node.property) : node.property.name
    if (property === undefined) return UNKNOWN
    // What node was started with.
    if (property === '1' && calleeName(node.object) === 'process.argv') return text(this.#file, true)
    const object = this.evaluate(node.object)
    if (URL_PROPERTIES.has(property) && isText(object)) return object
    return this.#property(object, property)
  }

  #property(of: Value, name: string): Value {
    const value = propertyOf(of, name)
    return this.#scopes.isChanged(name) ? either([value, UNKNOWN]) : value
  }

  /** The one text that it is. */
  #only(node: AstNode): string | undefined {
    const value = this.evaluate(node)
    return value.kind === 'text' && !isUnknown(value) ? value.text : undefined
  }

  #object(members: readonly AstNode[]): Value {
    const properties: Record<string, Value> = Object.create(null)
    for (const { type, key, value, computed, argument } of members) {
      if (type === 'SpreadElement') {
        const spread = this.evaluate(argument)
        if (spread.kind === 'object') Object.assign(properties, spread.properties)
      } else if (!computed && key && value) properties[key.name ?? key.value] = this.evaluate(value)
    }
    return { kind: 'object', properties }
  }

  #arguments(nodes: readonly (AstNode | null)[]): Value[] {
    return nodes.flatMap((node) => {
      if (node?.type !== 'SpreadElement') return [this.evaluate(node)]
      const spread = this.evaluate(node.argument)
      return spread.kind === 'array' ? spread.elements : [spread]
    })
  }

  #function(node: AstNode): Value {
    if (!node.body) return UNKNOWN
    const parameters = (node.params as AstNode[]).flatMap(parametersOf)
    const own = new Set(parameters.map((parameter) => parameter.placeholder))
    const paths = this.#pathNodesIn(node.body).flatMap((each) =>
      textsOf(this.evaluate(each)).filter(
        (made) => made.anchored && [...own].some((name) => made.text.includes(name)),
      ),
    )
    const results =
      node.body.type === 'BlockStatement' ? returnsOf(node.body.body) : ([node.body] as readonly AstNode[])
    return { kind: 'function', parameters, result: either(results.map((each) => this.evaluate(each))), paths }
  }

  #pathNodesIn({ start, end }: AstNode): readonly AstNode[] {
    const first = lowerBound(this.#pathNodes, start)
    return this.#pathNodes.slice(first, lowerBound(this.#pathNodes, end))
  }

  #call(node: AstNode): Value {
    const { callee } = node
    const name = calleeName(callee)
    if (isIdentity(name)) return this.evaluate(node.arguments[0])
    if (name === 'require') return this.#require(this.evaluate(node.arguments[0]))
    if (name === 'import.meta.resolve')
      return this.#relativeTo(this.evaluate(node.arguments[0]), text(this.#file, true))
    const called = this.evaluate(callee)
    if (called.kind === 'function')
      return takesArguments(called) ? this.#apply(called, this.#arguments(node.arguments)) : called.result
    const given = this.#arguments(node.arguments)
    if (called.kind === 'builtin') return builtinCall(called.name, given)
    if (callee.type === 'MemberExpression' && !callee.computed)
      return this.#method(callee.property.name, this.evaluate(callee.object), given, name)
    // Compilers wrap what they require: __importDefault(require('path')).
    return given[0]?.kind === 'builtin' ? given[0] : byName(name, given)
  }

  #require(given: Value): Value {
    return given.kind === 'text' && !given.anchored ? this.import(given.text, '*') : UNKNOWN
  }

  #apply(called: Callable, given: readonly Value[]): Value {
    const { result, paths } = applied(called, given)
    for (const each of paths) this.#called(each)
    return result
  }

  #method(method: string, of: Value, given: readonly Value[], name: string): Value {
    if (of.kind === 'array') {
      if (method === 'join') return joined(of.elements, given[0])
      if (method === 'concat')
        return {
          kind: 'array',
          elements: [
            ...of.elements,
            ...given.flatMap((each) => (each.kind === 'array' ? each.elements : [each])),
          ],
        }
      const [callback] = given
      if (callback?.kind !== 'function') return method === 'map' ? UNKNOWN : of
      const results = of.elements.map((element) => this.#apply(callback, [element]))
      return method === 'map' ? { kind: 'array', elements: results } : of
    }
    return methodCall(method, of, given) ?? byName(name, given)
  }

  #isUrl(callee: AstNode): boolean {
    const value = this.evaluate(callee)
    return value.kind === 'builtin' ? value.name === 'url.URL' : callee.name === 'URL'
  }

  #url(nodes: readonly AstNode[]): Value {
    const [input = UNKNOWN, base] = this.#arguments(nodes)
    if (base) return this.#relativeTo(input, base)
    return combine([input], ([url]) =>
      url!.startsWith('file:') && !url!.includes(WILDCARD)
        ? pathOfFileUrl(url!)
        : url!.startsWith('/')
          ? url
          : undefined,
    )
  }

  #relativeTo(input: Value, base: Value): Value {
    if (!isOwn(base)) return UNKNOWN
    return combine([input, base], ([url, from]) => {
      if (!from!.startsWith('/') || /^[a-z]+:/i.test(url!)) return undefined
      const directory = from!.endsWith('/') ? from! : path.dirname(from!)
      const relative = pathOfRelativeUrl(url!)
      const found = path.join(directory, relative)
      return /(?:^|\/)\.{1,2}$/.test(relative) && !found.endsWith('/') ? `${found}/` : found
    })
  }
}

function parametersOf(node: AstNode, index: number): Parameter[] {
  const { pattern } = parameterOf(node)
  if (pattern.type === 'Identifier')
    return [
      {
        placeholder: placeholder(pattern.start),
        index,
        ...(node.type === 'RestElement' && { isRest: true }),
      },
    ]
  if (pattern.type !== 'ObjectPattern') return []
  return propertiesOf(pattern).map(({ node: local, property }) => ({
    placeholder: placeholder(local.start),
    index,
    property,
  }))
}

/** What a function's statements return; of functions inside it nothing. */
function returnsOf(statements: readonly AstNode[]): AstNode[] {
  return statements.flatMap((statement): AstNode[] => {
    switch (statement.type) {
      case 'ReturnStatement':
        return statement.argument ? [statement.argument] : []
      case 'BlockStatement':
        return returnsOf(statement.body)
      case 'IfStatement':
        return returnsOf([statement.consequent, ...(statement.alternate ? [statement.alternate] : [])])
      case 'TryStatement':
        return returnsOf([statement.block, ...(statement.handler ? [statement.handler.body] : [])])
      case 'ForStatement':
      case 'ForOfStatement':
      case 'ForInStatement':
      case 'WhileStatement':
        return returnsOf([statement.body])
      default:
        return []
    }
  })
}

/** `a.b.c` of a callee made of identifiers, else ''. */
export function calleeName(node: AstNode): string {
  if (node.type === 'Identifier') return node.name
  if (node.type === 'ThisExpression') return 'this'
  if (node.type === 'ChainExpression') return calleeName(node.expression)
  if (node.type === 'MetaProperty') return `${node.meta.name}.${node.property.name}`
  if (node.type !== 'MemberExpression' || node.computed) return ''
  const object = calleeName(node.object)
  return object && `${object}.${node.property.name}`
}
