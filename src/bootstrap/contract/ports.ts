// Whether the program may listen where it says that it will: bound for a moment, and never listened on. The launcher
// does it (launcher/control.c), where there is one: a handle of node's takes a turn of the event loop to be closed.

import { constants } from 'node:fs'

import type { Address } from '../../format/contract-address.ts'
import { CONTROL_ROOT } from '../control.ts'
import type { Internals } from '../internals.ts'
import { accessCode, type NativeFiles } from './files.ts'
import type { Problem } from './problems.ts'

type Port = Extract<Address, { kind: 'port' }>

/**
 * @param address IPv4 or IPv6
 * @returns the name of an error
 */
export type Bind = (address: string, port: number) => string | undefined

export function launcherBinder(fs: Pick<NativeFiles, 'access'>): Bind {
  return (address, port) => {
    const bytes = addressBytes(address)
    if (bytes === undefined) return undefined // a name, which is looked up later
    return accessCode(fs, `${CONTROL_ROOT}bind/${socketAddress(bytes, port)}`, constants.F_OK)
  }
}

/** Goes through all of it, and reaches nothing: of no family. */
export function rehearseBinding(fs: Pick<NativeFiles, 'access'>): Bind {
  return () => void accessCode(fs, `${CONTROL_ROOT}bind/`, constants.F_OK)
}

export function handleBinder({ requireBuiltin, uv }: Pick<Internals, 'requireBuiltin' | 'uv'>): Bind {
  const { TCP, constants } = requireBuiltin('internal/test/binding').internalBinding('tcp_wrap')
  return (address, port) => {
    const handle = new TCP(constants.SERVER)
    const code = address.includes(':') ? handle.bind6(address, port, 0) : handle.bind(address, port)
    // That it is in use libuv tells later: when it listens, or is asked for its address.
    const late = code === 0 ? handle.getsockname({}) : code
    handle.close()
    return uv.getErrorMap().get(late)?.[0]
  }
}

/** @param variable that names it, if one does */
export function portProblem(
  bind: Bind,
  { host, port }: Port,
  variable: string | undefined,
): Problem | undefined {
  if (port === 0) return undefined
  const code =
    host === undefined ? bindAny(bind, port) : bind(host === 'localhost' ? '127.0.0.1' : host, port)
  const change = variable === undefined ? 'choose another one' : `set ${variable} to another one`
  const where = host === undefined ? `port ${port}` : `${host}:${port}`
  switch (code) {
    case 'EADDRINUSE':
      return {
        what: `${where} is in use`,
        remedy: `stop what listens there (ss -ltnp 'sport = :${port}' shows it), or ${change}`,
      }
    case 'EACCES':
      return {
        what: `${where} may not be listened on by this user`,
        remedy: `${change}, above 1023, or grant CAP_NET_BIND_SERVICE`,
      }
    case 'EADDRNOTAVAIL':
      return { what: `${host} is no address of this machine`, remedy: change }
    default:
      return undefined // a family, say, that this machine does not have
  }
}

/** As node listens when it is given no host: on all addresses of both families, or of IPv4 where there is no other. */
function bindAny(bind: Bind, port: number): string | undefined {
  const code = bind('::', port)
  return code === undefined || code === 'EADDRINUSE' || code === 'EACCES' ? code : bind('0.0.0.0', port)
}

function socketAddress(address: string, port: number): string {
  const digits = hexadecimal(port, 4)
  // The families are AF_INET6 and AF_INET in the machine's order of bytes, then comes what IPv6 calls flow.
  return address.length === 32 ? `0a00${digits}00000000${address}` : `0200${digits}${address}`
}

function hexadecimal(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0')
}

/** Of an IPv4 or IPv6 address, in hexadecimal; undefined: it is none. */
export function addressBytes(host: string): string | undefined {
  return host.includes(':') ? bytesOf6(host) : bytesOf4(host)
}

function bytesOf4(host: string): string | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(host)?.slice(1).map(Number)
  return parts?.every((part) => part < 256) ? parts.map((part) => hexadecimal(part, 2)).join('') : undefined
}

function bytesOf6(host: string): string | undefined {
  const last = host.slice(host.lastIndexOf(':') + 1)
  const four = last.includes('.') ? bytesOf4(last) : ''
  if (four === undefined) return undefined
  // Its last groups may be an IPv4 address.
  const text = four === '' ? host : `${host.slice(0, -last.length)}${four.slice(0, 4)}:${four.slice(4)}`
  const [head = [], tail, ...more] = text.split('::').map((part) => (part === '' ? [] : part.split(':')))
  const gap = 8 - head.length - (tail?.length ?? 0)
  if (more.length > 0 || (tail ? gap < 1 : gap !== 0)) return undefined
  const groups = [...head, ...Array.from({ length: gap }, () => '0'), ...(tail ?? [])]
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return undefined
  return groups.map((group) => group.padStart(4, '0')).join('')
}
