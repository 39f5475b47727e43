// Where a traced program listens, and what it connects to.

import type { ProgramPlace } from '../../format/touches.ts'
import type { Recorder } from './recorder.ts'

/** What was looked up, and by whom: the connection is made later. */
interface Lookup {
  readonly host: string
  readonly at: ProgramPlace | undefined
}

export function recordSockets(recorder: Recorder): void {
  const { cares, requireBuiltin } = recorder.internals
  const { internalBinding } = requireBuiltin('internal/test/binding')
  const { TCP } = internalBinding('tcp_wrap')
  const { Pipe } = internalBinding('pipe_wrap')
  const { UDP } = internalBinding('udp_wrap')
  /** By address. */
  const lookups = new Map<string, Lookup>()

  const after = (
    target: any,
    name: string,
    then: (handle: object, args: any[], result: any) => void,
  ): void => {
    const native = target[name]
    if (!native) return
    target[name] = function (this: object, ...args: unknown[]) {
      const result: unknown = Reflect.apply(native, this, args)
      then(this, args, result)
      return result
    }
  }
  const bound = new WeakMap<object, string>()
  const listen = (address: string, chosenPort?: number) =>
    recorder.note({ kind: 'listening', address, ...(chosenPort !== undefined && { chosenPort }) })
  const connect = (address: string, port: number | undefined, isDatagram = false): void => {
    const lookup = lookups.get(address)
    const host = lookup?.host ?? address
    const text = port === undefined ? host : withPort(host, port)
    recorder.note(
      { kind: 'connection', address: isDatagram ? `udp ${text}` : text },
      recorder.place() ?? lookup?.at,
    )
  }

  for (const name of ['bind', 'bind6'])
    after(TCP.prototype, name, (handle, [address, port]) => bound.set(handle, withPort(address, port)))
  after(Pipe.prototype, 'bind', (handle, [file]) => bound.set(handle, String(file)))
  for (const { prototype } of [TCP, Pipe]) {
    after(prototype, 'listen', (handle, _args, result) => {
      const address = bound.get(handle)
      if (result === 0 && address !== undefined)
        listen(address, address.endsWith(':0') ? portOf(handle) : undefined)
    })
  }
  for (const name of ['bind', 'bind6']) {
    // What only sends has a port of the kernel's choice.
    after(UDP.prototype, name, (_handle, [address, port], result) => {
      if (result === 0 && port !== 0) listen(`udp ${withPort(address, port)}`)
    })
  }

  after(cares, 'getaddrinfo', (_handle, [request, host]) => {
    const at = recorder.place()
    const { oncomplete } = request
    request.oncomplete = function (
      this: unknown,
      error: unknown,
      addresses: string[] | null,
      ...rest: unknown[]
    ) {
      for (const address of addresses ?? []) lookups.set(address, { host, at })
      return Reflect.apply(oncomplete, this, [error, addresses, ...rest])
    }
  })
  for (const name of ['connect', 'connect6'])
    after(TCP.prototype, name, (_handle, [, address, port]) => connect(address, port))
  after(Pipe.prototype, 'connect', (_handle, [, file]) => connect(String(file), undefined))
  for (const name of ['connect', 'connect6'])
    after(UDP.prototype, name, (_handle, [address, port]) => connect(address, port, true))
  for (const name of ['send', 'send6']) {
    // Without an address it is connected.
    after(UDP.prototype, name, (_handle, [, , , port, address]) => {
      if (typeof address === 'string') connect(address, port, true)
    })
  }
}

function withPort(host: unknown, port: unknown): string {
  const text = String(host)
  return `${text.includes(':') ? `[${text}]` : text}:${String(port)}`
}

function portOf(handle: { getsockname?(out: object): number }): number | undefined {
  const name: { port?: number } = {}
  handle.getsockname?.(name)
  return name.port
}
