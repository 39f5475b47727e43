// What a program may have changed of the language is not asked whether the program may do something: these are node's
// own copies, taken before any program runs. What guards calls uses them instead of methods, and neither iterates nor
// spreads arrays, as these go through prototypes, too.

import path from 'node:path'
import url from 'node:url'

import type { InternalRequire } from '../internals.ts'

/** As own-code.ts gives it. */
declare const module: { readonly builtin: InternalRequire }

interface Primordials {
  readonly String: (value: unknown) => string
  readonly ReflectApply: (run: Function, self: unknown, args: ArrayLike<unknown>) => any
  readonly ReflectConstruct: (made: Function, args: ArrayLike<unknown>, target?: Function) => any
  readonly StringPrototypeIncludes: (text: string, part: string) => boolean
  readonly StringPrototypeSlice: (text: string, from: number, to?: number) => string
  readonly StringPrototypeStartsWith: (text: string, start: string) => boolean
  readonly StringPrototypeToLowerCase: (text: string) => string
  readonly TypedArrayPrototypeGetLength: (value: unknown) => number
  readonly TypedArrayPrototypeGetSymbolToStringTag: (value: unknown) => string | undefined
}

const primordials: Primordials = module.builtin('internal/test/binding').primordials
const { TypedArrayPrototypeGetLength, TypedArrayPrototypeGetSymbolToStringTag } = primordials

export const {
  String: toText,
  ReflectApply,
  ReflectConstruct,
  StringPrototypeIncludes,
  StringPrototypeSlice,
  StringPrototypeStartsWith,
  StringPrototypeToLowerCase,
} = primordials

/** node:path as it is now: its functions stand on these copies, too, if they are given absolute paths. */
export const { basename, dirname, join: joinPath, resolve: resolvePath } = path

export const { fileURLToPath } = url

const { defineProperty } = Reflect
const { utf8Slice } = Buffer.prototype as unknown as { utf8Slice: Function }

/** Of a path as node:fs takes it; undefined: of none. */
export function textOfPath(given: unknown): string | undefined {
  if (typeof given === 'string') return given
  if (TypedArrayPrototypeGetSymbolToStringTag(given) !== 'Uint8Array') return undefined
  return ReflectApply(utf8Slice, given, [0, TypedArrayPrototypeGetLength(given)])
}

/** Array.prototype.push, where somebody may have put a setter on the prototype. */
export function append<T>(list: T[], value: T): void {
  const field = { __proto__: null, configurable: true, enumerable: true, writable: true, value }
  defineProperty(list, list.length, field as PropertyDescriptor)
}

/** Array.prototype.includes */
export function isOneOf(list: ArrayLike<unknown>, item: unknown): boolean {
  for (let i = 0; i < list.length; i++) if (list[i] === item) return true
  return false
}

/** As texts that nobody can change any more. */
export function textsOf(list: ArrayLike<unknown>): string[] {
  const texts: string[] = []
  for (let i = 0; i < list.length; i++) append(texts, toText(list[i]))
  return texts
}
