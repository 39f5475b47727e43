// What the names of a module stand for, by JavaScript's scopes: blocks, functions, the module.

import type { AstNode } from './evaluate.ts'

/** Where a name's value comes from. */
export type Binding =
  | { readonly kind: 'value'; readonly node: AstNode }
  | { readonly kind: 'property'; readonly of: AstNode; readonly name: string }
  | { readonly kind: 'element'; readonly of: AstNode }
  | { readonly kind: 'parameter'; readonly node: AstNode }
  | { readonly kind: 'import'; readonly source: string; readonly name: string }

interface Scope {
  readonly start: number
  readonly end: number
  readonly outer: Scope | undefined
  /** Its functions' own: where `var` goes. */
  readonly isFunction: boolean
  readonly names: Map<string, Binding[]>
}

const CHANGES = /^(?:push|unshift|splice|fill|reverse|sort)$/
/** A name that is given more values than these is nobody's. */
const MOST_BINDINGS = 8

export class Scopes {
  readonly #module: Scope = { start: 0, end: Infinity, outer: undefined, isFunction: true, names: new Map() }
  /** Sorted by their starts. */
  readonly #scopes: Scope[] = [this.#module]
  readonly #assignments: { readonly name: string; readonly at: number; readonly node: AstNode }[] = []
  /** Names of properties that are assigned to, of whatever; of arrays that others are put into. */
  readonly #changed = new Set<string | undefined>()
  /** The one that the walk is in. */
  #current = this.#module

  /** Of the walk through the module that finds out; `finish` comes behind it. */
  readonly visitor = {
    ...this.#scoped('FunctionDeclaration', true),
    ...this.#scoped('FunctionExpression', true),
    ...this.#scoped('ArrowFunctionExpression', true),
    ...this.#scoped('BlockStatement', false),
    ...this.#scoped('ForStatement', false),
    ...this.#scoped('ForInStatement', false),
    ...this.#scoped('ForOfStatement', false),
    ...this.#scoped('CatchClause', false),
    ...this.#scoped('StaticBlock', true),
    VariableDeclaration: (node: any) => {
      for (const { id, init } of node.declarations) this.#variable(id, init, node.kind === 'var')
    },
    ClassDeclaration: (node: any) => this.#value(node.id?.name, node),
    PropertyDefinition: (node: any) => !node.static && this.#assign(`this.${node.key.name}`, node.value),
    AssignmentExpression: ({ operator, left, right }: any) => {
      if (!['=', '??=', '||='].includes(operator)) return
      if (left.type === 'Identifier') this.#assign(left.name, right)
      else if (isThis(left)) this.#assign(`this.${left.property.name}`, right)
      else if (left.type === 'MemberExpression') this.#changed.add(propertyName(left))
    },
    ImportDeclaration: ({ source, specifiers }: any) => {
      for (const each of specifiers)
        this.#declare(each.local.name, { kind: 'import', source: source.value, name: importedName(each) })
    },
  }

  /** For who visits calls, too: lists are changed by some. */
  call({ callee }: AstNode): void {
    const changes = callee.type === 'MemberExpression' && CHANGES.test(propertyName(callee) ?? '')
    if (changes && callee.object.type === 'Identifier') this.#changed.add(callee.object.name)
  }

  finish(): void {
    for (const { name, at, node } of this.#assignments) {
      // Of classes nothing is told apart: `this.root` is what any of them has.
      if (name.startsWith('this.')) this.#declare(name)
      this.#bindingsOf(name, at)?.push({ kind: 'value', node })
    }
  }

  #scoped(type: string, isFunction: boolean) {
    return {
      [type]: (node: AstNode) => this.#enter(node, isFunction),
      [`${type}:exit`]: () => void (this.#current = this.#current.outer!),
    }
  }

  /** Whether a property of that name, or a list, may have become something that nobody knows. */
  isChanged(name: string): boolean {
    return this.#changed.has(name)
  }

  /** Everything that a name can be at that offset; undefined if the module does not have the name. */
  lookup(name: string, at: number): readonly Binding[] | undefined {
    const bindings = this.#bindingsOf(name, at)
    return bindings && bindings.length > MOST_BINDINGS ? [] : bindings
  }

  #bindingsOf(name: string, at: number): Binding[] | undefined {
    for (let scope = this.#scopeAt(at); scope; scope = scope.outer) {
      const bindings = scope.names.get(name)
      if (bindings && at < scope.end) return bindings
    }
    return undefined
  }

  /** The last one that begins before: what is around the offset is that, or around that. */
  #scopeAt(at: number): Scope | undefined {
    return this.#scopes[lowerBound(this.#scopes, at + 1) - 1]
  }

  #enter(node: AstNode, isFunction: boolean): void {
    if (node.type === 'FunctionDeclaration') this.#value(node.id?.name, node)
    const { start, end } = node
    this.#current = { start, end, outer: this.#current, isFunction, names: new Map() }
    this.#scopes.push(this.#current)
    if (node.type === 'ForOfStatement') this.#element(node)
    for (const parameter of node.params ?? []) this.#parameter(parameter)
  }

  #declare(name: string, binding?: Binding, scope = this.#current): void {
    const bindings = scope.names.get(name) ?? []
    scope.names.set(name, bindings)
    if (binding) bindings.push(binding)
  }

  #value(name: string | undefined, node: AstNode): void {
    if (name !== undefined) this.#declare(name, { kind: 'value', node })
  }

  #variable(id: AstNode, init: AstNode | null, isVar: boolean): void {
    let scope = this.#current
    if (isVar) while (!scope.isFunction) scope = scope.outer!
    if (id.type === 'Identifier')
      this.#declare(id.name, init ? { kind: 'value', node: init } : undefined, scope)
    else if (id.type === 'ObjectPattern')
      for (const { local, property, fallback } of propertiesOf(id)) {
        if (init) this.#declare(local, { kind: 'property', of: init, name: property }, scope)
        if (fallback) this.#declare(local, { kind: 'value', node: fallback }, scope)
      }
  }

  /** `for (const name of [...])` */
  #element({ left, right }: any): void {
    const id = left.declarations?.[0].id
    if (id?.type === 'Identifier') this.#declare(id.name, { kind: 'element', of: right })
  }

  #parameter(node: AstNode): void {
    const { pattern, fallback } = parameterOf(node)
    const locals =
      pattern.type === 'ObjectPattern'
        ? propertiesOf(pattern).map(({ node: local, fallback: each }) => ({ local, fallback: each }))
        : [{ local: pattern, fallback }]
    for (const each of locals) {
      if (each.local.type !== 'Identifier') continue
      this.#declare(each.local.name, { kind: 'parameter', node: each.local })
      if (each.fallback) this.#declare(each.local.name, { kind: 'value', node: each.fallback })
    }
  }

  #assign(name: string, node: AstNode | null): void {
    if (node) this.#assignments.push({ name, at: node.start, node })
  }
}

/** Of what is sorted by its starts, how many start before an offset. */
export function lowerBound(sorted: readonly { readonly start: number }[], offset: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]!.start < offset) low = middle + 1
    else high = middle
  }
  return low
}

interface PatternProperty {
  readonly local: string
  readonly node: AstNode
  readonly property: string
  readonly fallback: AstNode | undefined
}

/** `{ a, b: c = d }` of a pattern. */
export function propertiesOf(pattern: AstNode): PatternProperty[] {
  return pattern.properties.flatMap(({ type, key, value, computed }: any) => {
    if (type !== 'Property' || computed) return []
    const [node, fallback] = value.type === 'AssignmentPattern' ? [value.left, value.right] : [value]
    if (node.type !== 'Identifier') return []
    return [{ local: node.name, node, property: key.name ?? String(key.value), fallback }]
  })
}

/** `name`, `name = fallback`, `...name`, `private name` of TypeScript. */
export function parameterOf(node: AstNode): { readonly pattern: AstNode; readonly fallback?: AstNode } {
  if (node.type === 'TSParameterProperty') return parameterOf(node.parameter)
  if (node.type === 'AssignmentPattern') return { pattern: node.left, fallback: node.right }
  return { pattern: node.type === 'RestElement' ? node.argument : node }
}

/** `*` for the whole module. */
function importedName(specifier: any): string {
  if (specifier.type === 'ImportDefaultSpecifier') return 'default'
  if (specifier.type === 'ImportNamespaceSpecifier') return '*'
  return specifier.imported.name ?? specifier.imported.value
}

function propertyName({ computed, property }: AstNode): string | undefined {
  return computed ? property.value : property.name
}

function isThis(node: AstNode): boolean {
  return node.type === 'MemberExpression' && !node.computed && node.object.type === 'ThisExpression'
}
