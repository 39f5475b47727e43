// What else leads out of a process: threads, addons, what looks inside, what writes files by itself. Most of node's
// modules are patched when they are first loaded.

import path from 'node:path'

import { guard, replace, type Guarding } from './guard.ts'
import { isBelow, isInside } from './policy.ts'
import { ReflectApply, ReflectConstruct, StringPrototypeStartsWith, toText } from './primordials.ts'
import type { Permission } from './refusal.ts'

export function guardNode(guarding: Guarding): void {
  const { internals, policy, refuse } = guarding
  const { requireBuiltin, whenLoaded, processMethods, worker } = internals
  const { internalBinding } = requireBuiltin('internal/test/binding')

  const forbid = (target: any, names: readonly string[], permission: Permission, label: string) => {
    for (const name of names)
      guard(target, name, () => {
        if (policy()) throw refuse(permission, `${label}${name}`)
      })
  }
  const askFile = (given: unknown, use: 'read' | 'write') => {
    const now = policy()
    if (!now) return
    const file = path.resolve(guarding.workingDirectory(), toText(given))
    if (isInside(file)) return
    const real = guarding.realPath(file, true)
    if (!isBelow(real, use === 'read' ? now.reads : now.writes))
      throw refuse(use === 'read' ? 'FileSystemRead' : 'FileSystemWrite', real)
  }

  // Threads. Their classes are in the hands of node already.
  guard(worker.Worker.prototype, 'startThread', () => {
    if (policy()?.workers === false) throw refuse('WorkerThreads', 'a worker')
  })

  // Native code.
  const askNative = (what: string) => {
    if (policy()?.native === false) throw refuse('Addon', what)
  }
  guard(process, 'dlopen', (args) => {
    args[1] = toText(args[1])
    askNative(args[1] as string)
    askFile(args[1], 'read')
  })
  for (const name of ['dlopen', 'dlopenBinary']) guard(processMethods, name, () => askNative(name))
  whenLoaded('ffi', (ffi) => construct(ffi, 'DynamicLibrary', () => askNative('node:ffi')))
  guard(internalBinding('crypto'), 'setEngine', () => askNative('crypto.setEngine'))
  whenLoaded('crypto', (crypto) => {
    guard(crypto, 'setEngine', () => askNative('crypto.setEngine'))
    // A URL as a key is a file, or whatever a loader of OpenSSL takes it for.
    for (const name of [
      'createPrivateKey',
      'createPublicKey',
      'createSign',
      'sign',
      'verify',
      'privateDecrypt',
      'privateEncrypt',
      'publicEncrypt',
      'publicDecrypt',
      'diffieHellman',
      'createSecretKey',
    ])
      guard(crypto, name, (args) => {
        if (policy()) for (let i = 0; i < args.length; i++) askKey(args[i])
      })
  })
  const askKey = (given: any): void => {
    if (typeof given !== 'object' || given === null) return
    const key = given.key ?? given
    if (isUrl(key)) throw refuse('FileSystemRead', toText(key))
  }

  // node's inside.
  forbid(process, ['binding', '_linkedBinding'], 'Internals', 'process.')
  forbid(process, ['_debugProcess', '_debugEnd', '_startProfilerIdleNotifier'], 'Inspector', 'process.')
  replaceIfThere(process, '_getActiveRequests', () => [])
  const inspector = internalBinding('inspector')
  for (const name of ['Connection', 'MainThreadConnection'])
    construct(inspector, name, () => {
      if (policy()) throw refuse('Inspector', `inspector.${name}`)
    })
  forbid(inspector, ['open'], 'Inspector', 'inspector.')
  whenLoaded('v8', (v8) => {
    forbid(v8, ['setFlagsFromString', 'setHeapSnapshotNearHeapLimit', 'startCpuProfile'], 'Internals', 'v8.')
    guard(v8, 'writeHeapSnapshot', (args) => askFile(args[0] ?? '.', 'write'))
  })
  hideRequests(guarding)

  // What reads and writes by itself.
  guard(process, 'loadEnvFile', (args) => {
    args[0] = plainPath(args[0] ?? '.env')
    askFile(args[0], 'read')
  })
  guard(processMethods, 'chdir', (args) => askFile(args[0], 'read'))
  const fs = requireBuiltin('fs')
  for (const name of ['openAsBlob', 'openAsBlobSync'])
    guard(fs, name, (args) => {
      args[0] = plainPath(args[0])
      askFile(args[0], 'read')
    })
  guard(internalBinding('trace_events').CategorySet.prototype, 'enable', () => {
    if (policy()) throw refuse('FileSystemWrite', 'node_trace.1.log')
  })
  guardReports(guarding)
  guardPackageFiles(guarding, askFile)
  construct(internalBinding('wasi'), 'WASI', (args) => {
    const preopens = args[2] as string[]
    for (let i = 1; i < preopens.length; i += 2) {
      askFile(preopens[i], 'write')
      askFile(preopens[i], 'read')
    }
  })
  whenLoaded('sqlite', (sqlite) =>
    guardSqlite(
      sqlite,
      askFile,
      () => askNative('an extension of SQLite'),
      () => policy() !== undefined,
    ),
  )
}

const { fileURLToPath } = process.getBuiltinModule('node:url')

function plainPath(given: unknown): unknown {
  return isUrl(given) ? fileURLToPath(given as URL) : given
}

function replaceIfThere(target: any, name: string, replacement: () => unknown): void {
  if (typeof target[name] === 'function') replace(target, name, replacement)
}

/** A class that asks first; its instances lead to it, and not to the native one. */
function construct(target: any, name: string, ask: (args: unknown[]) => void): void {
  const made = target[name]
  if (typeof made !== 'function') return
  const asking = new Proxy(made, {
    __proto__: null,
    construct(_made, args, newTarget) {
      ask(args)
      return ReflectConstruct(made, args, newTarget === asking ? made : newTarget)
    },
  } as ProxyHandler<any>)
  const { prototype } = made
  if (prototype) Object.defineProperty(prototype, 'constructor', { value: asking })
  Object.defineProperty(target, name, { configurable: true, enumerable: true, writable: true, value: asking })
}

function isUrl(given: unknown): boolean {
  return typeof given === 'object' && given !== null && 'href' in given && 'protocol' in given
}

/** A native request that is shown to a program could be told anything, the addresses of a host, say. */
function hideRequests({ internals, policy }: Guarding): void {
  internals.whenLoaded('async_hooks', (hooks) => {
    const { createHook, executionAsyncResource } = hooks
    replace(hooks, 'createHook', (given: any) => {
      if (!policy() || typeof given?.init !== 'function') return createHook(given)
      const { init, before, after, destroy, promiseResolve } = given
      const shown = function (this: unknown, id: number, type: string, trigger: number) {
        return ReflectApply(init, given, [id, type, trigger, {}])
      }
      return createHook({ __proto__: null, init: shown, before, after, destroy, promiseResolve })
    })
    replace(hooks, 'executionAsyncResource', () => (policy() ? {} : executionAsyncResource()))
  })
}

/** They are written where the process says, at its end too. */
function guardReports({ policy, refuse }: Guarding): void {
  const descriptor = Object.getOwnPropertyDescriptor(process, 'report')
  if (!descriptor?.get) return
  const { get } = descriptor
  let guarded: object | undefined
  const make = () =>
    new Proxy(ReflectApply(get, process, []), {
      __proto__: null,
      get(target, name) {
        if (name === 'writeReport' && policy())
          return () => {
            throw refuse('FileSystemWrite', 'process.report.writeReport')
          }
        return target[name]
      },
      set(target, name, value) {
        if (policy()) throw refuse('FileSystemWrite', `process.report.${toText(name)}`)
        target[name] = value
        return true
      },
      getOwnPropertyDescriptor: () => undefined,
      ownKeys: () => [],
    } as ProxyHandler<any>)
  Object.defineProperty(process, 'report', { ...descriptor, get: () => (guarded ??= make()) })
}

/** package.json files, which node's loaders read natively. */
function guardPackageFiles(
  { internals: { modules } }: Guarding,
  askFile: (given: unknown, use: 'read') => void,
): void {
  const names = [
    'readPackageJSON',
    'getNearestParentPackageJSON',
    'getNearestParentPackageJSONType',
    'getPackageScopeConfig',
    'getPackageType',
  ]
  for (const name of names)
    guard(modules, name, (args) => {
      const text = toText(args[0])
      askFile(StringPrototypeStartsWith(text, 'file:') ? new UrlClass(text).pathname : text, 'read')
    })
}
const UrlClass = URL

const SQLITE_ATTACH = 24
const SQLITE_OK = 0
const SQLITE_DENY = 1

function guardSqlite(
  sqlite: any,
  askFile: (given: unknown, use: 'write') => void,
  askNative: () => void,
  isActive: () => boolean,
): void {
  const { DatabaseSync, backup } = sqlite
  const { setAuthorizer } = DatabaseSync.prototype
  const ask = (file: unknown): void => {
    if (file === ':memory:' || file === '') return
    if (typeof file === 'string' && StringPrototypeStartsWith(file, 'file:')) {
      const url = new UrlClass(file)
      if (url.pathname !== ':memory:') askFile(url.pathname, 'write')
      return
    }
    askFile(isUrl(file) ? (file as URL).pathname : file, 'write')
  }
  const isAllowed = (file: unknown): boolean => {
    try {
      if (typeof file !== 'string') return false // known only when it runs
      ask(file)
      return true
    } catch {
      return false
    }
  }
  const guardDatabase = (database: object, own?: Function): void => {
    const authorizer = (action: number, first: unknown, ...rest: unknown[]) => {
      if (action === SQLITE_ATTACH && !isAllowed(first)) return SQLITE_DENY
      if (!own) return SQLITE_OK
      const args = [action, first]
      for (let i = 0; i < rest.length; i++) args[i + 2] = rest[i]
      return ReflectApply(own, undefined, args)
    }
    ReflectApply(setAuthorizer, database, [authorizer])
  }
  const made = new Proxy(DatabaseSync, {
    __proto__: null,
    construct(_native, args, newTarget) {
      if (!isActive())
        return ReflectConstruct(DatabaseSync, args, newTarget === made ? DatabaseSync : newTarget)
      ask(typeof args[0] === 'object' && !isUrl(args[0]) ? ReflectApply(utf8, args[0], []) : args[0])
      if (args[1]?.allowExtension) askNative()
      const options = { ...args[1] }
      const database = ReflectConstruct(
        DatabaseSync,
        [args[0], options],
        newTarget === made ? DatabaseSync : newTarget,
      )
      if (options.open !== false) guardDatabase(database)
      return database
    },
  } as ProxyHandler<any>)
  Object.defineProperty(DatabaseSync.prototype, 'constructor', { value: made })
  const { open } = DatabaseSync.prototype
  replace(DatabaseSync.prototype, 'open', function (this: object) {
    const result = ReflectApply(open, this, [])
    if (isActive()) guardDatabase(this)
    return result
  })
  replace(DatabaseSync.prototype, 'setAuthorizer', function (this: object, own: any) {
    if (!isActive()) return ReflectApply(setAuthorizer, this, [own])
    guardDatabase(this, own ?? undefined)
  })
  for (const name of ['enableLoadExtension', 'loadExtension'])
    guard(DatabaseSync.prototype, name, () => isActive() && askNative())
  sqlite.DatabaseSync = made
  sqlite.backup = (database: unknown, file: unknown, ...rest: unknown[]) => {
    if (isActive()) ask(file)
    const args = [database, file]
    for (let i = 0; i < rest.length; i++) args[i + 2] = rest[i]
    return ReflectApply(backup, sqlite, args)
  }
}
const utf8 = Buffer.prototype.toString
