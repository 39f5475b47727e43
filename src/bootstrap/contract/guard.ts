// What all guards share: whom they ask, and how they stand in for native functions.

import type { Internals } from '../internals.ts'
import type { RealPath, Policy } from './policy.ts'
import { ReflectApply } from './primordials.ts'
import type { Refuse } from './refusal.ts'

export interface Guarding {
  readonly internals: Internals
  /** undefined as long as nothing of the program runs. */
  policy(): Policy | undefined
  readonly refuse: Refuse
  readonly realPath: RealPath
  /** The program's directory. */
  workingDirectory(): string
}

type Native = (...args: any[]) => any

/**
 * Replaces a function by one that asks first.
 * @param ask throws what is to be thrown, or changes the arguments
 */
export function guard(target: any, name: string, ask: (args: unknown[], self: unknown) => void): void {
  const native: Native | undefined = target[name]
  if (typeof native !== 'function') return // another version of node: it then cannot be called either
  replace(target, name, function (this: unknown, ...args: unknown[]) {
    ask(args, this)
    return ReflectApply(native, this, args)
  })
}

/** With the name, and all else that is known of the one before. */
export function replace(target: any, name: string, replacement: Native): void {
  const native = target[name]
  Object.defineProperty(replacement, 'name', { configurable: true, value: native.name })
  const before = Object.getOwnPropertyDescriptor(target, name)
  Object.defineProperty(target, name, {
    configurable: true,
    enumerable: before?.enumerable ?? true,
    writable: true,
    value: replacement,
  })
}
