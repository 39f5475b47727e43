// What a program may have changed of the language is not asked whether the program may do something: these are node's
// own copies, taken before any program runs. What guards calls uses them instead of methods, and neither iterates nor
// spreads arrays, as these go through prototypes, too.

import type { InternalRequire } from '../internals.ts'

declare const require: InternalRequire

interface Primordials {
  readonly ReflectApply: (run: Function, self: unknown, args: ArrayLike<unknown>) => any
  readonly ReflectConstruct: (made: Function, args: ArrayLike<unknown>, target?: Function) => any
  readonly ReflectDefineProperty: typeof Reflect.defineProperty
  readonly StringPrototypeEndsWith: (text: string, end: string) => boolean
  readonly StringPrototypeIncludes: (text: string, part: string) => boolean
  readonly StringPrototypeSlice: (text: string, from: number, to?: number) => string
  readonly StringPrototypeStartsWith: (text: string, start: string) => boolean
  readonly StringPrototypeToLowerCase: (text: string) => string
  readonly TypedArrayPrototypeGetSymbolToStringTag: (value: unknown) => string | undefined
}

export const {
  ReflectApply,
  ReflectConstruct,
  ReflectDefineProperty,
  StringPrototypeEndsWith,
  StringPrototypeIncludes,
  StringPrototypeSlice,
  StringPrototypeStartsWith,
  StringPrototypeToLowerCase,
  TypedArrayPrototypeGetSymbolToStringTag,
}: Primordials = require('internal/test/binding').primordials
