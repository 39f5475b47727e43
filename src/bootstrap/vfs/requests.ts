// How the native fs binding is called (node's src/node_file.cc): the same function is synchronous
// without a request, calls request.oncomplete with one, and returns a promise for kUsePromises.

import { comingFrom, fromNowhere } from './stack.ts'

export type Native = (...args: any[]) => any
export type Binding = Record<string, any>

/** A request of the binding: absent, a callback's, or the marker for a promise. */
export type Request = { oncomplete(error: unknown, value?: unknown): void } | symbol | undefined

/** Gives a result, or an error, in the way that the request asks for. */
export type Answer = (request: Request, operation: () => unknown) => unknown

export function patch(
  target: object,
  name: string,
  replacement: (native: (args: any[]) => any, args: any[]) => unknown,
): void {
  const binding = target as Binding
  const native: Native | undefined = binding[name]
  if (!native) return // another version of node: it then cannot be called either
  binding[name] = function patched(this: unknown, ...args: any[]) {
    try {
      return replacement((forwarded) => Reflect.apply(native, this, forwarded), args)
    } catch (error) {
      throw comingFrom(patched, error)
    }
  }
  Object.defineProperty(binding[name], 'name', { value: native.name })
}

export function answerWith(kUsePromises: symbol): Answer {
  return (request, operation) => {
    if (request === undefined) return operation()
    if (request === kUsePromises) {
      // Not an already settled promise: a program that polls must not starve its timers.
      return new Promise((resolve, reject) => {
        soon(() => attempt(operation, (error) => reject(fromNowhere(error)), resolve))
      })
    }
    const callback = request as Exclude<Request, symbol | undefined>
    setImmediate(
      attempt,
      operation,
      (error: unknown) => callback.oncomplete(fromNowhere(error)),
      (value: unknown) =>
        value === undefined ? callback.oncomplete(null) : callback.oncomplete(null, value),
    )
    return undefined
  }
}

let waiting: (() => void)[] = []
let turn: NodeJS.Immediate | undefined

/**
 * Runs `settle` in the next turn of the loop, together with all that wait for it: one setImmediate each
 * costs more than reading a file. Only for what settles promises, whose reactions bring their own
 * context along, and which must not throw.
 */
export function soon(settle: () => void): void {
  if (waiting.push(settle) === 1) turn = setImmediate(settleAll)
}

/** Before the loop turns. */
export function settleNow(): void {
  clearImmediate(turn)
  settleAll()
}

function settleAll(): void {
  const now = waiting
  waiting = []
  for (const settle of now) settle()
}

/** Not `succeed` within the try: what the program throws in its callback is its own. */
function attempt<T>(operation: () => T, fail: (error: unknown) => void, succeed: (value: T) => void): void {
  let value: T
  try {
    value = operation()
  } catch (error) {
    fail(error)
    return
  }
  succeed(value)
}

/** Of access and copyFile; what is none is refused by the native function, in its own words. */
export function isMode(given: unknown): given is number {
  return given == null || (Number.isInteger(given) && (given as number) >= 0 && (given as number) <= 7)
}
