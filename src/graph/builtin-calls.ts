// Functions of JavaScript and of node that paths are made with, of what is known at build time.

import path from 'node:path'

import { combine, concat, isOwn, UNKNOWN, WILDCARD, type Value } from './values.ts'

const PATH_FUNCTIONS = new Set(['join', 'resolve', 'normalize', 'dirname'])
/** Functions that give back what they are given, as far as it names a file. */
const IDENTITIES = new Set(['fileURLToPath', 'pathToFileURL', 'String', 'require.resolve', 'Object.freeze'])
const IDENTITY_METHODS = new Set(['toString', 'valueOf', 'trim'])

/** Whether it is given back as it is given. */
export function isIdentity(name: string): boolean {
  return IDENTITIES.has(name)
}

export function isText(value: Value): boolean {
  return value.kind === 'text' || value.kind === 'either'
}

/** A method of a text; undefined: it is none, or nobody knows. */
export function methodCall(method: string, of: Value, given: readonly Value[]): Value | undefined {
  if (IDENTITY_METHODS.has(method)) return of
  if (!isText(of)) return undefined
  switch (method) {
    case 'concat':
      return concat([of, ...given])
    case 'slice':
    case 'lastIndexOf':
      return slicedOrFound(method, [of, ...given])
    case 'replace':
    case 'replaceAll':
      return combine([of, ...given.slice(0, 2)], ([from, what, by]) =>
        what && by !== undefined && !what.includes(WILDCARD) ? from!.replace(what, by) : undefined,
      )
    default:
      return undefined
  }
}

/** `file.slice(0, file.lastIndexOf('/'))` */
function slicedOrFound(method: 'slice' | 'lastIndexOf', values: readonly Value[]): Value {
  return combine(values, ([of, first, second]) => {
    if (first === undefined || [of, first, second].some((each) => each?.includes(WILDCARD))) return undefined
    if (method === 'lastIndexOf') return String(of!.lastIndexOf(first))
    return of!.slice(Number(first), second === undefined ? undefined : Number(second))
  })
}

/** `[…].join('/')` */
export function joined(elements: readonly Value[], separator: Value | undefined): Value {
  if (separator && separator.kind !== 'text') return UNKNOWN
  return combine(elements, (texts) => texts.join(separator?.text ?? ','))
}

/** Of a function that nobody knows: `path` may be a global of a bundle. */
export function byName(name: string, given: readonly Value[]): Value {
  const last = name.slice(name.lastIndexOf('.') + 1)
  if (IDENTITIES.has(last)) return given[0] ?? UNKNOWN
  return name === last || /^(?:path|posix|p)\b/i.test(name) ? builtinCall(`path.${last}`, given) : UNKNOWN
}

/** @param name `path.join` */
export function builtinCall(name: string, given: readonly Value[]): Value {
  const method = name.slice(name.lastIndexOf('.') + 1)
  if (IDENTITIES.has(method)) return given[0] ?? UNKNOWN
  if (method === 'parse' && name.startsWith('path.')) return parsed(given[0] ?? UNKNOWN)
  if (!name.startsWith('path.') || !PATH_FUNCTIONS.has(method)) return UNKNOWN
  // resolve() of relative parts only means the working directory, which is not ours.
  if (method === 'resolve' && !given.some(isOwn)) return UNKNOWN
  return combine(given, (texts) => {
    if (method === 'join') return path.join(...texts)
    if (method === 'resolve') return path.resolve('/', ...texts)
    const [first] = texts
    if (first === undefined) return undefined
    return method === 'dirname' ? path.dirname(first) : path.normalize(first)
  })
}

function parsed(of: Value): Value {
  const part = (name: 'dir' | 'base' | 'name') => combine([of], ([file]) => path.parse(file!)[name])
  return { kind: 'object', properties: { dir: part('dir'), base: part('base'), name: part('name') } }
}
