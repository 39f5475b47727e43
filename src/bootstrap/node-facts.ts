// What node finds out about the machine when it loads its own modules, for whoever may ask later. In a build
// run it is found out when somebody asks.

import type { Internals } from './internals.ts'

/** node:os asks for the kernel's release when it is loaded, and would know the builder's for ever. */
export function replaceKernelRelease({ requireBuiltin, os: { getOSInformation } }: Internals): void {
  const os = requireBuiltin('os')
  const ask = (name: string, index: number) => {
    const current = { [name]: () => getOSInformation()[index] }[name]!
    Object.defineProperty(current, Symbol.toPrimitive, { value: current })
    os[name] = current
  }
  ask('version', 1)
  ask('release', 2)
}

/**
 * node:tls reads certificates in a thread of its own when it is loaded, to have them early. Here it is loaded
 * before it is known whether anybody wants them, so they are read when they are first needed.
 */
export function deferCertificates({ crypto }: Internals): void {
  crypto.startLoadingCertificatesOffThread = () => {}
}

/**
 * Whether node's own messages are to have colors depends on the terminal and on FORCE_COLOR.
 * @param settle freezes the process here, and returns when it is thawed
 */
export function deferColors({ requireBuiltin }: Internals, settle: () => unknown): void {
  const { env } = process
  const stderr = Object.getOwnPropertyDescriptor(process, 'stderr')!
  process.env = {}
  Object.defineProperty(process, 'stderr', { configurable: true, value: undefined })
  const colors = requireBuiltin('internal/util/colors')
  Object.defineProperty(process, 'stderr', stderr)
  process.env = env

  const fields = Object.entries(colors).filter(([, value]) => typeof value !== 'function')
  const restore = () => {
    settle()
    for (const [name, value] of fields)
      Object.defineProperty(colors, name, { configurable: true, enumerable: true, writable: true, value })
  }
  for (const [name] of fields) {
    Object.defineProperty(colors, name, {
      configurable: true,
      enumerable: true,
      get: () => (restore(), colors.refresh(), colors[name]),
      set(value: unknown) {
        restore()
        colors[name] = value
      },
    })
  }
}

/**
 * node:dns makes a resolver when it is loaded, which reads the machine's name servers. Here it does when it is used.
 * @param replaced called when the process is thawed
 */
export function deferResolvers(
  { cares }: Internals,
  settle: () => unknown,
  replaced: { push(restore: () => void): unknown },
): void {
  const { ChannelWrap } = cares
  class DeferredChannel {
    readonly #arguments: unknown[]
    #channel: any

    constructor(...args: unknown[]) {
      this.#arguments = args
    }

    get channel(): any {
      settle()
      return (this.#channel ??= new ChannelWrap(...this.#arguments))
    }
  }
  for (const name of Object.getOwnPropertyNames(ChannelWrap.prototype)) {
    if (name === 'constructor') continue
    const value = function (this: DeferredChannel, ...args: unknown[]) {
      return this.channel[name](...args)
    }
    Object.defineProperty(DeferredChannel.prototype, name, { configurable: true, writable: true, value })
  }
  cares.ChannelWrap = DeferredChannel
  replaced.push(() => {
    cares.ChannelWrap = ChannelWrap
  })
}

/** A default import takes the object, and what it is asked for later is found out then. */
const DEFAULT_IMPORT = /\bimport\s*[\w$]+\s*from\s*['"]((?:node:)?process)['"]/g
const ANY_MENTION = /['"](?:node:)?process['"]/g

/** Properties of process that V8 shows as values, and that ask the system. */
const ASKED = new Set(['ppid', 'title', 'debugPort'])

/**
 * The first `import … from 'process'` reads all of its properties, to export them by name: streams, command line
 * and all. Here what has to be made or asked for is read when somebody can see it under its name: a module that imports
 * more than the object, or who has the namespace.
 * @returns to be told of every embedded ES module before it is linked
 */
export function deferProcessExports(
  { builtin, moduleWrap }: Internals,
  settle: () => unknown,
  replaced: { push(restore: () => void): unknown },
): (source: string, url: string) => void {
  const own = builtin('process')
  const { prototype } = moduleWrap['ModuleWrap']
  const { link, getNamespace } = prototype
  /** By the URL of a module, how often it asks for process, if always for the object. */
  const takesObject = new Map<string, number>()
  const exported = new Set<string>(['default'])
  own['syncExports'] = () => {
    for (const name of own['module'] ? own['exportKeys'] : []) {
      if (ASKED.has(name) || name === 'default') continue
      const { value } = Object.getOwnPropertyDescriptor(process, name) ?? {}
      if (value === undefined) continue
      exported.add(name)
      own['module'].setExport(name, value)
    }
  }
  replaced.push(() => own['syncExports']())

  const exportRest = () => {
    settle()
    Object.assign(prototype, { link, getNamespace })
    delete own['syncExports']
    for (const name of own['exportKeys'])
      if (!exported.has(name)) own['module'].setExport(name, (process as any)[name])
  }
  prototype.link = function (this: { url: string }, ...args: unknown[]) {
    const requests = args.flat().filter((it) => it !== undefined && it === own['module']).length
    // A package may have given it a name of its own.
    if (requests > (takesObject.get(this.url) ?? 0)) exportRest()
    return Reflect.apply(link, this, args)
  }
  prototype.getNamespace = function (this: unknown) {
    if (this === own['module']) exportRest()
    return Reflect.apply(getNamespace, this, [])
  }
  return (source, url) => {
    const imports = [...source.matchAll(DEFAULT_IMPORT)].map(([, specifier]) => specifier)
    const mentions = source.match(ANY_MENTION)?.length ?? 0
    if (mentions === imports.length) takesObject.set(url, new Set(imports).size)
  }
}
