// What all guards share: whom they ask, and how they stand in for native functions.

import type { Internals } from '../internals.ts'
import { isBelow, isInside, type Policy, type RealPath } from './policy.ts'
import {
  fileURLToPath,
  ReflectApply,
  ReflectConstruct,
  resolvePath,
  textOfPath,
  toText,
} from './primordials.ts'
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

/**
 * A class that asks first; its instances lead to it, and not to the native one.
 * @param onMade called with each instance
 */
export function guardClass(
  target: any,
  name: string,
  ask: (args: any[]) => void,
  onMade?: (instance: object, args: any[]) => void,
): void {
  const made = target[name]
  if (typeof made !== 'function') return
  const asking = new Proxy(made, {
    __proto__: null,
    construct(_made, args, newTarget) {
      ask(args)
      const instance = ReflectConstruct(made, args, newTarget === asking ? made : newTarget)
      onMade?.(instance, args)
      return instance
    },
  } as ProxyHandler<any>)
  const { prototype } = made
  if (prototype) Object.defineProperty(prototype, 'constructor', { value: asking })
  Object.defineProperty(target, name, { configurable: true, enumerable: true, writable: true, value: asking })
}

/**
 * Asks for a file that something else than node:fs opens.
 * @returns the path to give to it instead of what was given, so that it opens what was asked about
 */
export function askFile(
  { policy, workingDirectory, realPath, refuse }: Guarding,
  given: unknown,
  use: 'read' | 'write',
): unknown {
  const now = policy()
  if (!now) return given
  const permission = use === 'read' ? 'FileSystemRead' : 'FileSystemWrite'
  const text = isUrl(given) ? fileURLToPath(given as URL) : textOfPath(given)
  if (text === undefined) throw refuse(permission, toText(given))
  const file = resolvePath(workingDirectory(), text)
  if (isInside(file)) return file
  const real = realPath(file, true)
  if (!isBelow(real, use === 'read' ? now.reads : now.writes)) throw refuse(permission, real)
  return file
}

export function isUrl(given: unknown): boolean {
  return typeof given === 'object' && given !== null && 'href' in given && 'protocol' in given
}
