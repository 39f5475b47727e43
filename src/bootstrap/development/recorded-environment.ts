// Names of the environment variables that a traced program asks for.

import type { Recorder } from './recorder.ts'

/** What shows a value shows it to the program. */
const SHOWS = 'node:internal/util/inspect'

/** What is asked of any object. */
const OF_OBJECTS = new Set(['toJSON', 'then', ...Object.getOwnPropertyNames(Object.prototype)])

export function recordEnvironment(recorder: Recorder): void {
  const known = new Set<string>()
  /** Where all were asked for: what follows from there (`{ ...process.env }`) asks for no one in particular. */
  const enumerations = new Set<string>()

  /** Undefined if node asks for itself. */
  const caller = (): string | undefined => {
    const [site] = recorder.sites()
    if (!site) return undefined
    const { scriptName, lineNumber, columnNumber } = site
    const isProgram = scriptName.startsWith('file:') || scriptName.startsWith('/') || scriptName === SHOWS
    return isProgram ? `${scriptName}:${lineNumber}:${columnNumber}` : undefined
  }
  const ask = (name: string | symbol): void => {
    if (typeof name !== 'string' || known.has(name) || OF_OBJECTS.has(name)) return
    const by = caller()
    if (by === undefined || enumerations.has(by)) return
    known.add(name)
    recorder.note({ kind: 'variable', name })
  }
  // `process.env` takes nothing but strings, and whole definitions: each answer is its own.
  process.env = new Proxy(process.env, {
    get(env, name) {
      ask(name)
      return Reflect.get(env, name)
    },
    set: (env, name, value) => Reflect.set(env, name, value),
    has(env, name) {
      ask(name)
      return Reflect.has(env, name)
    },
    getOwnPropertyDescriptor(env, name) {
      ask(name)
      return Reflect.getOwnPropertyDescriptor(env, name)
    },
    ownKeys(env) {
      const by = caller()
      if (by !== undefined && !enumerations.has(by)) {
        enumerations.add(by)
        recorder.note({ kind: 'environment' })
      }
      return Reflect.ownKeys(env)
    },
  })
}
