// Whether the program may listen where it says that it will: bound for a moment, and never listened on.

import type { Address } from '../../format/contract-address.ts'
import type { Internals } from '../internals.ts'
import type { Problem } from './problems.ts'

type Port = Extract<Address, { kind: 'port' }>

/** internalBinding('tcp_wrap') */
export interface Sockets {
  readonly TCP: new (type: number) => {
    bind(address: string, port: number): number
    bind6(address: string, port: number, flags: number): number
    getsockname(name: object): number
    close(): void
  }
  readonly constants: { readonly SERVER: number }
}

export function socketsOf({ requireBuiltin }: Internals): Sockets {
  const { TCP, constants } = requireBuiltin('internal/test/binding').internalBinding('tcp_wrap')
  return { TCP, constants }
}

/** With which nothing happens: for going through all of this in a build run. */
export const NO_SOCKETS: Sockets = {
  TCP: class {
    bind(): number {
      return 0
    }
    bind6(): number {
      return UV_EACCES - 1
    }
    getsockname(): number {
      return 0
    }
    close(): void {}
  },
  constants: { SERVER: 0 },
}

/** @param variable that names it, if one does */
export function portProblem(
  sockets: Sockets,
  { host, port }: Port,
  variable: string | undefined,
): Problem | undefined {
  if (port === 0) return undefined
  const code = host === undefined ? tryAny(sockets, port) : tryBind(sockets, addressOf(host), port)
  const change = variable === undefined ? 'choose another one' : `set ${variable} to another one`
  const where = host === undefined ? `port ${port}` : `${host}:${port}`
  switch (code) {
    case UV_EADDRINUSE:
      return {
        what: `${where} is in use`,
        remedy: `stop what listens there (ss -ltnp 'sport = :${port}' shows it), or ${change}`,
      }
    case UV_EACCES:
      return {
        what: `${where} may not be listened on by this user`,
        remedy: `${change}, above 1023, or grant CAP_NET_BIND_SERVICE`,
      }
    case UV_EADDRNOTAVAIL:
      return { what: `${host} is no address of this machine`, remedy: change }
    default:
      return undefined // a name, say, which is looked up later
  }
}

function addressOf(host: string): string {
  return host === 'localhost' ? '127.0.0.1' : host
}

/** As node listens when it is given no host. */
function tryAny(sockets: Sockets, port: number): number {
  const code = tryBind(sockets, '::', port)
  return code === 0 || code === UV_EADDRINUSE || code === UV_EACCES ? code : tryBind(sockets, '0.0.0.0', port)
}

const UV_EADDRINUSE = -98
const UV_EACCES = -13
const UV_EADDRNOTAVAIL = -99

function tryBind({ TCP, constants }: Sockets, address: string, port: number): number {
  const handle = new TCP(constants.SERVER)
  try {
    const code = address.includes(':') ? handle.bind6(address, port, 0) : handle.bind(address, port)
    // That it is in use libuv tells later: when it listens, or is asked for its address.
    return code === 0 ? handle.getsockname({}) : code
  } finally {
    handle.close()
  }
}
