// Sockets, at the native handles: where a program listens and what it connects to, and the names that it looks up for
// that. An address counts as a host's if this process has got it from a look-up of the host.

import type { Address } from '../../format/contract-address.ts'
import { guard, replace, type Guarding } from './guard.ts'
import type { Policy } from './policy.ts'
import {
  ReflectApply,
  resolvePath,
  StringPrototypeSlice,
  StringPrototypeStartsWith,
  StringPrototypeToLowerCase,
  toText,
} from './primordials.ts'

/** As libuv numbers it. */
const UV_EACCES = -13

export function guardNetwork(guarding: Guarding): void {
  const { internals, policy, refuse } = guarding
  const { cares, requireBuiltin } = internals
  const { internalBinding } = requireBuiltin('internal/test/binding')
  const { TCP } = internalBinding('tcp_wrap')
  const { UDP } = internalBinding('udp_wrap')
  const { Pipe } = internalBinding('pipe_wrap')
  const rules = new NetworkRules()
  const warned: Record<string, true> = { __proto__: null } as never
  const { emitWarning } = process

  /** An error number lets node tell it in the way of each call: as an 'error' event, mostly. */
  const answer = (
    target: any,
    names: readonly string[],
    isAllowed: (now: Policy, args: any[], self: any) => boolean,
    describe: (args: any[]) => string,
  ) => {
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!
      const native = target[name]
      if (typeof native !== 'function') continue
      replace(target, name, function (this: unknown, ...args: any[]) {
        const now = policy()
        if (!now || isAllowed(now, args, this)) return ReflectApply(native, this, args)
        const what = describe(args)
        if (!warned[what]) {
          warned[what] = true
          const { message } = refuse('Net', what)
          ReflectApply(emitWarning, process, [message, 'ContractWarning'])
        }
        return UV_EACCES
      })
    }
  }
  answer(
    TCP.prototype,
    ['bind', 'bind6'],
    (now, args) => rules.mayListen(now, args[0], args[1]),
    (args) => `listening on ${withPort(args[0], args[1])}`,
  )
  answer(
    TCP.prototype,
    ['connect', 'connect6'],
    (now, args) => rules.mayConnect(now, args[1], args[2]),
    (args) => `connecting to ${withPort(args[1], args[2])}`,
  )
  // What was never bound gets a port of the kernel's choice. Handles of others come by `open`, and in messages.
  const bound = new WeakSet<object>()
  const { add, has } = WeakSet.prototype
  for (const name of ['bind', 'bind6', 'open'])
    guard(TCP.prototype, name, (_args, self) => void ReflectApply(add, bound, [self]))
  answer(
    TCP.prototype,
    ['listen'],
    (_now, _args, self) => ReflectApply(has, bound, [self]) || self.fd >= 0,
    () => 'listening on a port of the kernel’s choice',
  )
  answer(
    UDP.prototype,
    ['bind', 'bind6'],
    // Who only sends has a port of the kernel's choice.
    (now, args) => args[1] === 0 || rules.mayListen(now, args[0], args[1]),
    (args) => `listening on udp ${withPort(args[0], args[1])}`,
  )
  answer(
    UDP.prototype,
    ['connect', 'connect6'],
    (now, args) => rules.mayConnect(now, args[0], args[1]),
    (args) => `sending to ${withPort(args[0], args[1])}`,
  )
  answer(
    UDP.prototype,
    ['send', 'send6'],
    // Without an address it is connected.
    (now, args) => typeof args[4] !== 'string' || rules.mayConnect(now, args[4], args[3]),
    (args) => `sending to ${withPort(args[4], args[3])}`,
  )
  const isOwnPipe = (list: readonly Address[], file: unknown) => {
    const real = typeof file === 'string' ? resolvePath(guarding.workingDirectory(), file) : undefined
    for (let i = 0; i < list.length; i++) {
      const rule = list[i]!
      if (rule.kind === 'unix' && rule.path === real) return true
    }
    return false
  }
  answer(
    Pipe.prototype,
    ['bind'],
    (now, args) => isOwnPipe(now.listens, args[0]),
    (args) => `listening on unix:${toText(args[0])}`,
  )
  answer(
    Pipe.prototype,
    ['connect'],
    (now, args) => isOwnPipe(now.connects, args[1]),
    (args) => `connecting to unix:${toText(args[1])}`,
  )

  answer(
    cares,
    ['getaddrinfo'],
    (now, args) => rules.mayLookUp(now, args[1]),
    (args) => `looking up ${toText(args[1])}`,
  )
  const { getaddrinfo } = cares
  cares.getaddrinfo = function (this: unknown, ...args: any[]) {
    const request = args[0]
    const { oncomplete } = request
    request.oncomplete = function (this: unknown, error: unknown, addresses: any, ...rest: unknown[]) {
      rules.remember(args[1], addresses)
      const all = [error, addresses]
      for (let i = 0; i < rest.length; i++) all[i + 2] = rest[i]
      return ReflectApply(oncomplete, this, all)
    }
    return ReflectApply(getaddrinfo, this, args)
  }
  const { prototype } = cares.ChannelWrap
  for (const name of Object.getOwnPropertyNames(prototype)) {
    if (name.startsWith('query') || name === 'getHostByAddr')
      answer(
        prototype,
        [name],
        (now, args) => rules.mayLookUp(now, args[1]),
        (args) => `looking up ${toText(args[1])}`,
      )
    else if (name === 'setServers' || name === 'setLocalAddress')
      guard(prototype, name, (args) => {
        if (policy()) throw refuse('Net', `dns.${name}(${toText(args[0])})`)
      })
  }
}

class NetworkRules {
  /** By address, the hosts that it was found for. */
  readonly #found: Record<string, Record<string, true>> = { __proto__: null } as never

  remember(host: unknown, addresses: any): void {
    if (typeof host !== 'string' || typeof addresses !== 'object' || addresses === null) return
    for (let i = 0; i < addresses.length; i++) {
      const address: unknown = addresses[i]
      if (typeof address !== 'string') continue
      const hosts = (this.#found[address] ??= { __proto__: null } as never)
      hosts[StringPrototypeToLowerCase(host)] = true
    }
  }

  mayConnect({ connects }: Policy, address: unknown, port: unknown): boolean {
    for (let i = 0; i < connects.length; i++) {
      const rule = connects[i]!
      if (rule.kind === 'unix' || (rule.kind === 'port' && rule.port !== port)) continue
      if (rule.host !== undefined && this.#isHost(rule.host, address)) return true
    }
    return false
  }

  mayListen({ listens }: Policy, address: unknown, port: unknown): boolean {
    for (let i = 0; i < listens.length; i++) {
      const rule = listens[i]!
      if (rule.kind !== 'port' || rule.port !== port) continue
      if (rule.host === undefined || this.#isHost(rule.host, address)) return true
    }
    return false
  }

  /** Addresses are no names, and this machine's own is nobody else's. */
  mayLookUp({ connects, listens }: Policy, name: unknown): boolean {
    if (typeof name !== 'string') return false
    const host = StringPrototypeToLowerCase(name)
    return host === 'localhost' || names(connects, host) || names(listens, host)
  }

  #isHost(host: string, address: unknown): boolean {
    if (typeof address !== 'string') return false
    if (host === address || this.#found[address]?.[host] === true) return true
    return host === 'localhost' && (StringPrototypeStartsWith(address, '127.') || address === '::1')
  }
}

function names(addresses: readonly Address[], host: string): boolean {
  for (let i = 0; i < addresses.length; i++) {
    const address = addresses[i]!
    if (address.kind !== 'unix' && address.host === host) return true
  }
  return false
}

function withPort(host: unknown, port: unknown): string {
  const text = toText(host)
  const isMapped = StringPrototypeStartsWith(text, '::ffff:')
  const shown = isMapped ? StringPrototypeSlice(text, 7) : text
  return `${shown}:${toText(port)}`
}
