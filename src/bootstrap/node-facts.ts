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
const ASKED = ['ppid', 'title', 'debugPort'] as const
/** Those of which a build run has no more than a getter that freezes it. */
const STALE = ['argv', 'argv0', 'execPath', 'pid'] as const
/** And those that are made when they are first looked at: streams, a module of node's, the list of all its options. */
const MADE = ['stdin', 'stdout', 'stderr', 'allowedNodeEnvironmentFlags', 'report', 'finalization'] as const

/** What process has before a program puts something else there. */
export interface ProcessFacts {
  /** Getters of what is made when it is first looked at. */
  readonly makers: ReadonlyMap<string, () => unknown>
  /** What differs from start to start; complete when it is thawed. */
  readonly originals: Map<string, unknown>
}

/** To be called before any of it is replaced. */
export function processFacts(): ProcessFacts {
  return {
    makers: new Map(MADE.map((name) => [name, descriptorOf(name)!.get!])),
    originals: new Map(),
  }
}

function descriptorOf(name: string) {
  return Object.getOwnPropertyDescriptor(process, name)
}

/**
 * The first `import … from 'process'` reads all of its properties, to export them by name. In a build run those are not read
 * that cannot be known yet. They are at the thaw, as they were at that import, but for what the program has asked the system for;
 * and what has to be made, when somebody can see it by its name: a module that imports more than the object, or who has
 * the namespace.
 * To be called when all of process is replaced.
 * @returns to be told of every embedded ES module before it is linked
 */
export function deferProcessExports(
  { builtin, moduleWrap }: Internals,
  { makers, originals }: ProcessFacts,
  settle: () => unknown,
  replaced: { push(restore: () => void): unknown },
): (source: string, url: string) => void {
  const own = builtin('process')
  const names = (): string[] =>
    own['module'] ? own['exportKeys'].filter((name: string) => name !== 'default') : []
  /** To be exported, but not read yet. */
  const pending = new Set<string>(MADE)
  const put = (name: string, value: unknown) => {
    pending.delete(name)
    own['module'].setExport(name, value)
  }
  const sync = (isPending: (name: string) => boolean) => {
    for (const name of names()) {
      if (isPending(name)) pending.add(name)
      else put(name, (process as any)[name])
    }
  }

  const identityOf = (name: string) => descriptorOf(name)?.get ?? descriptorOf(name)?.value
  const unknown = new Map([...STALE, ...MADE].map((name) => [name as string, identityOf(name)]))
  const asked = new Set<string>(ASKED)
  own['syncExports'] = () =>
    sync((name) => asked.has(name) || (unknown.has(name) && unknown.get(name) === identityOf(name)))
  replaced.push(() => {
    for (const name of pending)
      if (!makers.has(name)) put(name, originals.has(name) ? originals.get(name) : (process as any)[name])
    own['syncExports'] = () =>
      sync((name) => pending.has(name) && makers.get(name) === descriptorOf(name)?.get)
  })

  const { prototype } = moduleWrap['ModuleWrap']
  const { link, getNamespace } = prototype
  const exportRest = () => {
    settle()
    Object.assign(prototype, { link, getNamespace })
    sources.clear()
    delete own['syncExports']
    for (const name of names())
      if (pending.has(name)) put(name, Reflect.apply(makers.get(name)!, process, []))
  }
  /** By URL, of modules that are not linked yet. */
  const sources = new Map<string, string>()
  prototype.link = function (this: any, modules: ArrayLike<unknown>) {
    if (own['module'] && Array.prototype.includes.call(modules, own['module'])) {
      const taken = specifiersOfObject(sources.get(this.url) ?? '')
      const requests: readonly { readonly specifier: string }[] = this.getModuleRequests()
      const isVisible = requests.some(
        ({ specifier }, i) => modules[i] === own['module'] && !taken.includes(specifier),
      )
      if (isVisible) exportRest()
    }
    sources.delete(this.url)
    return Reflect.apply(link, this, [modules])
  }
  prototype.getNamespace = function (this: unknown) {
    if (this === own['module']) exportRest()
    return Reflect.apply(getNamespace, this, [])
  }
  return (source, url) => {
    if (prototype.link !== link) sources.set(url, source)
  }
}

/** By which a module imports nothing of process but the object; none if it may see more. */
function specifiersOfObject(source: string): string[] {
  const specifiers = [...source.matchAll(DEFAULT_IMPORT)].map(([, specifier]) => specifier!)
  const mentions = source.match(ANY_MENTION)?.length ?? 0
  return mentions === specifiers.length ? specifiers : []
}
