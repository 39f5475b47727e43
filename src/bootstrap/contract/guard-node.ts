// What else leads out of a process: addons, what looks inside, what reads and writes files by itself. Most of node's
// modules are patched when they are first loaded.

import { askFile, guard, guardClass, isUrl, replace, type Guarding } from './guard.ts'
import { ReflectApply, StringPrototypeSlice, StringPrototypeStartsWith, toText } from './primordials.ts'
import type { Permission } from './refusal.ts'

export function guardNode(guarding: Guarding): void {
  const { internals, policy, refuse } = guarding
  const { requireBuiltin, whenLoaded, processMethods } = internals
  const { internalBinding } = requireBuiltin('internal/test/binding')

  const forbid = (target: any, names: readonly string[], permission: Permission, label: string) => {
    for (const name of names)
      guard(target, name, () => {
        if (policy()) throw refuse(permission, `${label}${name}`)
      })
  }
  // Native code.
  const askNative = (what: string) => {
    if (policy()?.native === false) throw refuse('Addon', what)
  }
  guard(process, 'dlopen', (args) => {
    args[1] = toText(args[1])
    askNative(args[1] as string)
    args[1] = askFile(guarding, args[1], 'read')
  })
  for (const name of ['dlopen', 'dlopenBinary']) guard(processMethods, name, () => askNative(name))
  // Memory itself, too.
  guardClass(internalBinding('ffi'), 'DynamicLibrary', () => askNative('node:ffi'))
  whenLoaded('ffi', (ffi) => {
    for (const name of Object.keys(ffi))
      if (name !== 'DynamicLibrary') guard(ffi, name, () => askNative('node:ffi'))
  })
  whenLoaded('crypto', (crypto) => guard(crypto, 'setEngine', () => askNative('crypto.setEngine')))
  // A URL as a key is a file, or whatever a loader of OpenSSL takes it for.
  whenLoaded('internal/crypto/keys', (keys) => {
    for (const name of Object.keys(keys).filter((each) => /^(?:prepare|create)/.test(each)))
      guard(keys, name, (args) => {
        const given: any = policy() && args[0]
        if (typeof given !== 'object' || given === null) return
        const key = given.key ?? given
        if (isUrl(key)) throw refuse('FileSystemRead', toText(key))
        // Read once.
        if (key !== given) args[0] = { ...given, key }
      })
  })

  // node's inside.
  forbid(process, ['binding', '_linkedBinding'], 'Internals', 'process.')
  forbid(process, ['_debugProcess', '_debugEnd', '_startProfilerIdleNotifier'], 'Inspector', 'process.')
  replaceIfThere(process, '_getActiveRequests', () => [])
  const inspector = internalBinding('inspector')
  for (const name of ['Connection', 'MainThreadConnection'])
    guardClass(inspector, name, () => {
      if (policy()) throw refuse('Inspector', `inspector.${name}`)
    })
  forbid(inspector, ['open'], 'Inspector', 'inspector.')
  whenLoaded('v8', (v8) => {
    forbid(
      v8,
      ['setFlagsFromString', 'setHeapSnapshotNearHeapLimit', 'setHeapProfileNearHeapLimit'],
      'Internals',
      'v8.',
    )
    guard(v8, 'writeHeapSnapshot', (args) => {
      // Without a name it is one in the working directory.
      const file = askFile(guarding, args[0] ?? '.', 'write')
      if (args[0] !== undefined) args[0] = file
    })
  })
  hideRequests(guarding)

  // What reads and writes by itself.
  guard(process, 'loadEnvFile', (args) => {
    args[0] = askFile(guarding, args[0] ?? '.env', 'read')
  })
  guard(processMethods, 'chdir', (args) => {
    args[0] = askFile(guarding, args[0], 'read')
  })
  const fs = requireBuiltin('fs')
  for (const name of ['openAsBlob', 'openAsBlobSync'])
    guard(fs, name, (args) => {
      args[0] = askFile(guarding, args[0], 'read')
    })
  guard(internalBinding('trace_events').CategorySet.prototype, 'enable', () => {
    if (policy()) throw refuse('FileSystemWrite', 'node_trace.1.log')
  })
  guardReports(guarding)
  guardPackageFiles(guarding)
  guardClass(internalBinding('wasi'), 'WASI', (args) => {
    const preopens = args[2] as string[]
    for (let i = 1; i < preopens.length; i += 2) {
      preopens[i] = askFile(guarding, preopens[i], 'write') as string
    }
  })
}

function replaceIfThere(target: any, name: string, replacement: () => unknown): void {
  if (typeof target[name] === 'function') replace(target, name, replacement)
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
function guardPackageFiles(guarding: Guarding): void {
  const { modules } = guarding.internals
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
      const isUrl = StringPrototypeStartsWith(text, FILE)
      askFile(guarding, isUrl ? decode(StringPrototypeSlice(text, FILE.length)) : text, 'read')
    })
}

const FILE = 'file://'
const decode = decodeURIComponent
