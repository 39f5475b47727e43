// Contexts of node:vm have a Math.random each. V8 seeds it when it is first asked, and at a thaw only that of the main
// context is known: in others it freezes, too.

import type { Internals } from './internals.ts'

/**
 * @param watchRandom freezes when the function of that Math is called; whoever has one already keeps it
 * @param replaced called when the process is thawed
 */
export function watchOtherContexts(
  { requireBuiltin }: Internals,
  watchRandom: (math: Math) => void,
  replaced: { push(renew: () => void): unknown },
): void {
  const vm = requireBuiltin('vm')
  const { createContext, runInNewContext, runInContext } = vm
  const { prototype } = vm.Script
  const { runInNewContext: runScript } = prototype
  let isWatching = true
  /** The context, made as it would be; undefined where node has an objection, which it will say itself. */
  const watchedContext = (object: unknown, options: any): object | undefined => {
    const { contextName: name, contextOrigin: origin, contextCodeGeneration: codeGeneration } = options ?? {}
    const given = { name, origin, codeGeneration, microtaskMode: options?.microtaskMode }
    try {
      const made = createContext(
        object,
        Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
      )
      watchRandom(runInContext('Math', made))
      return made
    } catch {
      return undefined
    }
  }
  const own = {
    createContext(...args: unknown[]) {
      const made = Reflect.apply(createContext, vm, args)
      if (isWatching) watchRandom(runInContext('Math', made))
      return made
    },
    runInNewContext(code: unknown, object: unknown, options: unknown) {
      const made = isWatching ? watchedContext(object, options) : undefined
      return Reflect.apply(runInNewContext, vm, [code, made ?? object, options])
    },
  }
  const ownScript = function runInNewContext(this: unknown, object: unknown, options: unknown) {
    const made = isWatching ? watchedContext(object, options) : undefined
    return Reflect.apply(runScript, this, [made ?? object, options])
  }
  Object.assign(vm, own)
  prototype.runInNewContext = ownScript
  replaced.push(() => {
    isWatching = false
    if (vm.createContext === own.createContext) vm.createContext = createContext
    if (vm.runInNewContext === own.runInNewContext) vm.runInNewContext = runInNewContext
    if (prototype.runInNewContext === ownScript) prototype.runInNewContext = runScript
  })
}
