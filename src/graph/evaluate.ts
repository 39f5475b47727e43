// Evaluates the expressions that programs build paths with (path.join(import.meta.dirname, …),
// new URL('./x', import.meta.url), `${__dirname}/x`), as far as they can be known at build time.
// What cannot be known becomes a wildcard, so that './locales/' + name + '.json' is a glob.

import path from 'node:path'

import { pathOfFileUrl, pathOfRelativeUrl } from './file-url.ts'

/** Stands for text that is known only at run time. */
export const WILDCARD = '\0'

/** An ESTree node, as far as it is looked at here. */
export interface AstNode {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: any
}

export interface Evaluated {
  /** With WILDCARD in it where it is not known. */
  readonly text: string
  /** Contains the module's own directory or file: it names a file of the program. */
  readonly anchored: boolean
}

const UNKNOWN: Evaluated = { text: WILDCARD, anchored: false }
const PATH_FUNCTIONS = new Set(['join', 'resolve', 'normalize', 'dirname', 'basename', 'relative'])
const IDENTITY_FUNCTIONS = new Set(['fileURLToPath', 'pathToFileURL', 'String', 'require.resolve'])
/** Properties of a URL that still name the file. */
const URL_PROPERTIES = new Set(['href', 'pathname'])

export class Evaluator {
  readonly #file: string
  readonly #constants: ReadonlyMap<string, AstNode>
  readonly #active = new Set<AstNode>()

  /** @param constants initialisers of the module's constants, by name */
  constructor(file: string, constants: ReadonlyMap<string, AstNode>) {
    this.#file = file
    this.#constants = constants
  }

  evaluate(node: AstNode | null | undefined): Evaluated {
    if (!node || this.#active.has(node)) return UNKNOWN
    this.#active.add(node)
    try {
      return this.#evaluate(node)
    } finally {
      this.#active.delete(node)
    }
  }

  #evaluate(node: AstNode): Evaluated {
    switch (node.type) {
      case 'Literal':
        return typeof node.value === 'string' ? { text: node.value, anchored: false } : UNKNOWN
      case 'TemplateLiteral':
        return this.#template(node)
      case 'BinaryExpression':
        return node.operator === '+' ? concat([this.evaluate(node.left), this.evaluate(node.right)]) : UNKNOWN
      case 'Identifier':
        return this.#identifier(node.name)
      case 'MemberExpression':
        return this.#member(node)
      case 'CallExpression':
        return this.#call(node)
      case 'NewExpression':
        return node.callee.name === 'URL' ? this.#url(node.arguments) : UNKNOWN
      case 'TSAsExpression':
      case 'TSNonNullExpression':
      case 'TSSatisfiesExpression':
      case 'ParenthesizedExpression':
      case 'AwaitExpression':
        return this.evaluate(node.expression ?? node.argument)
      default:
        return UNKNOWN
    }
  }

  #template(node: AstNode): Evaluated {
    const parts: Evaluated[] = []
    node.quasis.forEach((quasi: AstNode, i: number) => {
      parts.push({ text: quasi.value.cooked ?? WILDCARD, anchored: false })
      if (i < node.expressions.length) parts.push(this.evaluate(node.expressions[i]))
    })
    return concat(parts)
  }

  #identifier(name: string): Evaluated {
    if (name === '__dirname') return { text: path.dirname(this.#file), anchored: true }
    if (name === '__filename') return { text: this.#file, anchored: true }
    return this.evaluate(this.#constants.get(name))
  }

  #member(node: AstNode): Evaluated {
    const property: string | undefined = node.computed ? undefined : node.property.name
    if (node.object.type === 'MetaProperty') {
      if (property === 'dirname') return { text: path.dirname(this.#file), anchored: true }
      if (property === 'filename' || property === 'url') return { text: this.#file, anchored: true }
    }
    return property && URL_PROPERTIES.has(property) ? this.evaluate(node.object) : UNKNOWN
  }

  #call(node: AstNode): Evaluated {
    const name = calleeName(node.callee)
    const last = name.slice(name.lastIndexOf('.') + 1)
    if (last === 'toString' && node.callee.type === 'MemberExpression')
      return this.evaluate(node.callee.object)
    if (last === 'replace' && node.callee.type === 'MemberExpression') return this.#replace(node)
    if (IDENTITY_FUNCTIONS.has(name) || IDENTITY_FUNCTIONS.has(last)) return this.evaluate(node.arguments[0])
    const isPathFunction = PATH_FUNCTIONS.has(last) && (name === last || /^(?:path|posix|p)\b/i.test(name))
    if (!isPathFunction) return UNKNOWN
    const values = node.arguments.map((argument: AstNode) => this.evaluate(argument)) as Evaluated[]
    const anchored = values.some((value) => value.anchored)
    const texts = values.map((value) => value.text)
    if (last === 'join') return { text: path.join(...texts), anchored }
    if (last === 'dirname') return { text: path.dirname(texts[0] ?? WILDCARD), anchored }
    if (last === 'normalize') return { text: path.normalize(texts[0] ?? WILDCARD), anchored }
    // resolve() of relative parts only means the working directory, which is not ours.
    if (last === 'resolve' && anchored) return { text: path.resolve('/', ...texts), anchored }
    return UNKNOWN
  }

  /** `import.meta.filename.replace('main.ts', 'child.ts')` */
  #replace(node: AstNode): Evaluated {
    const { text, anchored } = this.evaluate(node.callee.object)
    const [from, to] = node.arguments.map((argument: AstNode) => this.evaluate(argument).text) as string[]
    return !from || to === undefined || from.includes(WILDCARD)
      ? UNKNOWN
      : { text: text.replace(from, to), anchored }
  }

  #url([input, base]: AstNode[]): Evaluated {
    const { text } = this.evaluate(input)
    if (!base) {
      const file = text.startsWith('file:') && !text.includes(WILDCARD) ? pathOfFileUrl(text) : undefined
      return file === undefined ? UNKNOWN : { text: file, anchored: false }
    }
    const from = this.evaluate(base)
    if (!from.anchored || /^[a-z]+:/i.test(text)) return UNKNOWN
    const directory = from.text.endsWith('/') ? from.text : path.dirname(from.text)
    return { text: path.join(directory, pathOfRelativeUrl(text)), anchored: true }
  }
}

function concat(parts: readonly Evaluated[]): Evaluated {
  return { text: parts.map((part) => part.text).join(''), anchored: parts.some((part) => part.anchored) }
}

/** `a.b.c` of a callee made of identifiers, else ''. */
export function calleeName(node: AstNode): string {
  if (node.type === 'Identifier') return node.name
  if (node.type === 'MetaProperty') return `${node.meta.name}.${node.property.name}`
  if (node.type !== 'MemberExpression' || node.computed) return ''
  const object = calleeName(node.object)
  return object && `${object}.${node.property.name}`
}
