// What the expressions of a program can be at build time, as far as paths are made of them. All of it is plain data: a
// module's exports are compared, kept, and handed to the modules that import them.

import path from 'node:path'

/** Stands for text that is known only at run time. */
export const WILDCARD = '\0'

/** More alternatives than this are not worth following: minified code, not somebody's two directories. */
const MOST_ALTERNATIVES = 32

export interface Text {
  readonly kind: 'text'
  /** With WILDCARD in it where it is not known, and placeholders for the parameters of functions. */
  readonly text: string
  /** Contains the module's own directory or file: it names a file of the program. */
  readonly anchored: boolean
}

/** What a parameter's placeholder stands for: an argument, a property of one, or all from one on. */
export interface Parameter {
  readonly placeholder: string
  readonly index: number
  readonly property?: string
  readonly isRest?: boolean
}

export interface Callable {
  readonly kind: 'function'
  readonly parameters: readonly Parameter[]
  readonly result: Value
  /** Paths that its body makes of its parameters. */
  readonly paths: readonly Text[]
}

export type Value =
  | Text
  | Callable
  | { readonly kind: 'either'; readonly values: readonly Value[] }
  | { readonly kind: 'object'; readonly properties: Readonly<Record<string, Value>> }
  | { readonly kind: 'array'; readonly elements: readonly Value[] }
  /** Node's `path`, or a function of it: `path.join`. */
  | { readonly kind: 'builtin'; readonly name: string }

/** What a module exports that paths can be made of, by name. */
export type Exports = Readonly<Record<string, Value>>

/** By the specifier that a module has for another. */
export type Imported = Readonly<Record<string, Exports>>

export const UNKNOWN: Text = { kind: 'text', text: WILDCARD, anchored: false }

export function isUnknown(value: Value): boolean {
  return value.kind === 'text' && value.text === WILDCARD && !value.anchored
}

export function text(of: string, anchored = false): Text {
  return { kind: 'text', text: of, anchored }
}

export function either(values: readonly Value[]): Value {
  if (values.length === 1) return values[0]!
  const flat = values.flatMap((value) => (value.kind === 'either' ? value.values : [value]))
  const known = flat.filter((value) => !isUnknown(value))
  const all = known.length < flat.length ? [...known, UNKNOWN] : known
  if (all.length === 1) return all[0]!
  return all.length === 0 || all.length > MOST_ALTERNATIVES ? UNKNOWN : { kind: 'either', values: all }
}

/** Everything that it can be as text; what is none is unknown. */
export function textsOf(value: Value): readonly Text[] {
  if (value.kind === 'text') return [value]
  return value.kind === 'either' ? value.values.flatMap(textsOf) : [UNKNOWN]
}

/** What is made of texts, for all that these can be. */
export function combine(
  values: readonly Value[],
  make: (texts: readonly string[]) => string | undefined,
): Value {
  let combinations: Text[][] = [[]]
  for (const value of values) {
    const texts = textsOf(value)
    if (combinations.length * texts.length > MOST_ALTERNATIVES) return UNKNOWN
    combinations = combinations.flatMap((before) => texts.map((next) => [...before, next]))
  }
  return either(
    combinations.map((parts) => {
      const made = make(parts.map((part) => part.text))
      return made === undefined
        ? UNKNOWN
        : text(
            made,
            parts.some((part) => part.anchored),
          )
    }),
  )
}

export function concat(values: readonly Value[]): Value {
  return combine(values, (texts) => texts.join(''))
}

export function propertyOf(value: Value, name: string): Value {
  switch (value.kind) {
    case 'object':
      return Object.hasOwn(value.properties, name) ? value.properties[name]! : UNKNOWN
    case 'array':
      return value.elements[Number(name)] ?? UNKNOWN
    case 'builtin':
      // `path.default` is what compilers make of `import path`.
      return /^(?:default|posix)$/.test(name) ? value : { kind: 'builtin', name: `${value.name}.${name}` }
    case 'either':
      return either(value.values.map((each) => propertyOf(each, name)))
    default:
      return UNKNOWN
  }
}

/** A name that no text of a program has, for a parameter that lies at that offset of its module. */
export function placeholder(offset: number): string {
  return `\u0001${offset}\u0002`
}

// eslint-disable-next-line no-control-regex -- that is what makes them no text of a program
const PLACEHOLDERS = /\u0001\d+\u0002/g

function hasPlaceholder({ text: of }: Text): boolean {
  return of.includes('\u0001')
}

/** What a text can be by the time the program runs, whatever its functions are called with: a path in its shortest form. */
export function withoutPlaceholders({ text: of }: Text): string {
  const filled = of.replace(PLACEHOLDERS, WILDCARD)
  return filled.startsWith('/') ? path.normalize(filled) : filled
}

/** Whether it matters what it is called with. */
export function takesArguments({ paths, result }: Callable): boolean {
  return paths.length > 0 || textsOf(result).some(hasPlaceholder)
}

/** What a function returns, and the paths that it makes, for these arguments. */
export function applied(
  called: Callable,
  given: readonly Value[],
): { readonly result: Value; readonly paths: Value[] } {
  const byPlaceholder = new Map(
    called.parameters.map((parameter) => [parameter.placeholder, argumentOf(parameter, given)]),
  )
  return {
    result: substituted(called.result, byPlaceholder),
    paths: called.paths.map((each) => substituted(each, byPlaceholder)),
  }
}

function argumentOf({ index, property, isRest }: Parameter, given: readonly Value[]): Value | undefined {
  if (isRest) return combine(given.slice(index), (texts) => texts.join('/'))
  const argument = given[index]
  return argument && property !== undefined ? propertyOf(argument, property) : argument
}

function substituted(value: Value, given: ReadonlyMap<string, Value | undefined>): Value {
  switch (value.kind) {
    case 'text':
      return hasPlaceholder(value) ? filledIn(value, given) : value
    case 'either':
      return either(value.values.map((each) => substituted(each, given)))
    case 'array':
      return { kind: 'array', elements: value.elements.map((each) => substituted(each, given)) }
    case 'object': {
      const properties = Object.entries(value.properties)
      return {
        kind: 'object',
        properties: Object.fromEntries(properties.map(([name, each]) => [name, substituted(each, given)])),
      }
    }
    default:
      return value
  }
}

function filledIn(value: Text, given: ReadonlyMap<string, Value | undefined>): Value {
  const names = [...new Set(value.text.match(PLACEHOLDERS))].filter((name) => given.has(name))
  const values = names.map((name) => given.get(name) ?? UNKNOWN)
  return combine([text('', value.anchored), ...values], ([, ...texts]) => {
    const filled = value.text.replace(PLACEHOLDERS, (name) => texts[names.indexOf(name)] ?? name)
    return filled.startsWith('/') ? path.normalize(filled) : filled
  })
}

/** Whether paths of the program's own files can be made of it. */
export function isOwn(value: Value): boolean {
  switch (value.kind) {
    case 'text':
      return value.anchored
    case 'function':
      return value.paths.length > 0 || isOwn(value.result)
    case 'either':
      return value.values.some(isOwn)
    case 'array':
      return value.elements.some(isOwn)
    case 'object':
      return Object.values(value.properties).some(isOwn)
    default:
      return false
  }
}
