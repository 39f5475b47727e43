// Addresses of a contract's `listen` and `connect`: a port, `host:port`, `[::1]:port`, `unix:/path`, or `$NAME`, which
// stands for the value of a declared variable (a port, or a URL's host and port).

import type { Contract, VariableRule } from './contract.ts'
import { parseVariable } from './variable-value.ts'

export type Address =
  | { readonly kind: 'port'; readonly host: string | undefined; readonly port: number }
  /** Of `connect`: any port of a host. */
  | { readonly kind: 'host'; readonly host: string }
  | { readonly kind: 'unix'; readonly path: string }

/** What a URL means that names no port. */
const PORTS: Record<string, number | undefined> = {
  'http:': 80,
  'ws:': 80,
  'https:': 443,
  'wss:': 443,
  'ftp:': 21,
  'amqp:': 5672,
  'amqps:': 5671,
  'mongodb:': 27_017,
  'mysql:': 3306,
  'postgres:': 5432,
  'postgresql:': 5432,
  'redis:': 6379,
  'rediss:': 6379,
  'nats:': 4222,
  'smtp:': 25,
  'smtps:': 465,
}

const WITH_PORT = /^(?:\[([\da-f:.%]+)\]|([^\s/:[\]]+)):(\d{1,5})$/i

/** undefined: it is none. */
export function parseAddress(text: string): Address | undefined {
  if (text.startsWith('unix:/')) return { kind: 'unix', path: text.slice('unix:'.length) }
  const [, six, four, digits] = WITH_PORT.exec(text) ?? []
  const port = Number(digits ?? text)
  if (/^\d+$/.test(digits ?? text))
    return port <= 65_535 ? { kind: 'port', host: (six ?? four)?.toLowerCase(), port } : undefined
  if (/^[^\s/:[\]$]+$/.test(text)) return { kind: 'host', host: text.toLowerCase() }
  const [, alone] = /^\[([\da-f:.%]+)\]$/i.exec(text) ?? []
  return alone === undefined ? undefined : { kind: 'host', host: alone.toLowerCase() }
}

/** What the value of a variable names; undefined if that is nothing. */
export function addressIn(rule: VariableRule, text: string): Address | undefined {
  const value = parseVariable(rule, text)
  if (value === undefined) return undefined
  if (rule.type === 'port') return { kind: 'port', host: undefined, port: value as number }
  if (!(value instanceof URL)) return parseAddress(text)
  const host = value.hostname.replace(/^\[|\]$/g, '').toLowerCase()
  const port = value.port === '' ? PORTS[value.protocol] : Number(value.port)
  if (host === '') return undefined
  return port === undefined ? { kind: 'host', host } : { kind: 'port', host, port }
}

/** What stands for a variable. */
interface Texts {
  readonly textOf: (name: string) => string | undefined
}

/** What an entry of `listen` or `connect` means in one start; undefined: its variable is not set. */
export function addressOf(
  { env }: Pick<Contract, 'env'>,
  text: string,
): (variables: Texts) => Address | undefined {
  const name = variableIn(text)?.name
  if (name === undefined) {
    const address = parseAddress(text)
    return () => address
  }
  const rule = env[name]!
  const byDefault = rule.default === undefined ? undefined : addressIn(rule, rule.default)
  return ({ textOf }) => {
    const value = textOf(name)
    if (value === undefined) return undefined
    return value === rule.default ? byDefault : addressIn(rule, value)
  }
}

/** `$NAME`, or a path that begins with it: the name, and what follows. */
export function variableIn(text: string): { readonly name: string; readonly rest: string } | undefined {
  const [, name, rest = ''] = /^\$([A-Za-z_]\w*)(.*)$/s.exec(text) ?? []
  return name === undefined ? undefined : { name, rest }
}
