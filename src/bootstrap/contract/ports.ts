// Whether the program may listen where it says that it will: bound for a moment, and never listened on.

import type { Address } from '../../format/contract-address.ts'
import type { Internals } from '../internals.ts'
import type { Problem } from './problems.ts'

type Port = Extract<Address, { kind: 'port' }>

/** @param variable that names it, if one does */
export function portProblem(
  { requireBuiltin }: Internals,
  { host, port }: Port,
  variable: string | undefined,
): Problem | undefined {
  if (port === 0) return undefined
  const { TCP, constants } = requireBuiltin('internal/test/binding').internalBinding('tcp_wrap')
  const code =
    host === undefined ? tryAny(TCP, constants, port) : tryBind(TCP, constants, addressOf(host), port)
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
function tryAny(TCP: any, constants: any, port: number): number {
  const code = tryBind(TCP, constants, '::', port)
  return code === 0 || code === UV_EADDRINUSE || code === UV_EACCES
    ? code
    : tryBind(TCP, constants, '0.0.0.0', port)
}

const UV_EADDRINUSE = -98
const UV_EACCES = -13
const UV_EADDRNOTAVAIL = -99

function tryBind(TCP: any, constants: any, address: string, port: number): number {
  const handle = new TCP(constants.SERVER)
  try {
    const code: number = address.includes(':') ? handle.bind6(address, port, 0) : handle.bind(address, port)
    // That it is in use libuv tells later: when it listens, or is asked for its address.
    return code === 0 ? handle.getsockname({}) : code
  } finally {
    handle.close()
  }
}
