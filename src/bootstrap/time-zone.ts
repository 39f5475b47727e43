// V8 wants to know the time zone for every Date that is made, even for `new Date(0)`, of which nobody ever asks for
// the hour. So it is told one before the barriers are up, and told to find out anew at the thaw, if the program asks
// for nothing local before (watched.ts).

import type { Freezing } from './frozen.ts'
import type { Internals } from './internals.ts'
import { watch, type Look } from './watched.ts'

/** @param replaced called when the process is thawed */
export function putOffTimeZone(
  internals: Internals,
  { training: { dates } }: Pick<Freezing, 'training'>,
  replaced: { push(renew: () => void): unknown },
): void {
  if (!dates) return
  new Date(0).getTimezoneOffset() // the launcher hides the builder's (launcher/native.c)
  const { env } = process
  replaced.push(() => {
    // V8 looks anew whenever the variable is set, and libc if it has another value than before.
    const { TZ } = env
    env['TZ'] = TZ ?? 'UTC'
    if (TZ === undefined) delete env['TZ']
  })
  if (dates === 'watched') watchDates(internals, watch(internals))
}

/** Of Date.prototype, what is the same everywhere. */
const UNIVERSAL = /UTC|^(?:constructor|getTime|setTime|valueOf|toISOString|toJSON|toGMTString)$/

function watchDates({ requireBuiltin, builtin }: Internals, look: Look): void {
  const { prototype } = Date
  for (const name of Object.getOwnPropertyNames(prototype))
    if (!UNIVERSAL.test(name)) Object.defineProperty(prototype, name, { value: look })
  Date.parse = look
  const watched: DateConstructor = new Proxy(Date, {
    apply: look,
    construct(target, args, newTarget): Date {
      const [first] = args
      const isInstant = args.length === 0 || (args.length === 1 && typeof first === 'number')
      if (!isInstant && !(args.length === 1 && first instanceof target)) look()
      return Reflect.construct(target, args, newTarget === watched ? target : newTarget)
    },
  })
  prototype.constructor = watched
  globalThis.Date = watched
  Object.defineProperty(Intl, 'DateTimeFormat', { configurable: true, get: look })
  Object.defineProperty(globalThis, 'Temporal', { configurable: true, get: look })
  // Whose contexts have a Date of their own.
  const vm = requireBuiltin('vm')
  for (const name of ['createContext', 'runInNewContext']) vm[name] = look
  vm.Script.prototype.runInNewContext = look
  builtin('sqlite').compileForPublicLoader = look // it asks libc, which reads the file once
}
