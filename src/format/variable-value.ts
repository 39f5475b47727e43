// What the text of an environment variable means, by its type in the contract: the same at the build, which looks at
// defaults, and in the program. No part of an error is the text itself, as it may be a secret.

import type { VariableRule, VariableType } from './contract.ts'

/** Of a duration milliseconds, of bytes their number. */
export type VariableValue = string | number | boolean | URL | object | null

/** What a value has to be, as it follows "is no", and one that is right. */
const EXPECTED: Record<Exclude<VariableType, 'enum'>, readonly [what: string, example: string]> = {
  string: ['text', 'text'],
  number: ['number', '0.5'],
  integer: ['integer', '10'],
  boolean: ['boolean (true, false, yes, no, on, off, 1, 0)', 'true'],
  port: ['port (0 to 65535)', '8080'],
  url: ['URL', 'https://user:password@host:5432/name'],
  duration: ['duration (number and ms, s, m, h or d)', '30s'],
  bytes: ['size (number and B, kB, MB, GB, KiB, MiB or GiB)', '10MB'],
  json: ['JSON', '{}'],
}

export function expectationOf({ type, values }: VariableRule): { what: string; example: string } {
  if (type === 'enum') return { what: `one of ${(values ?? []).join(', ')}`, example: values?.[0] ?? '' }
  const [what, example] = EXPECTED[type]
  return { what, example }
}

/** undefined: it is not of that type. */
export function parseVariable({ type, values }: VariableRule, text: string): VariableValue | undefined {
  switch (type) {
    case 'string':
      return text
    case 'number':
      return numberIn(text, /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i)
    case 'integer':
      return safeInteger(numberIn(text, /^[+-]?\d+$/))
    case 'boolean':
      return BOOLEANS.get(text.trim().toLowerCase())
    case 'port': {
      const port = numberIn(text, /^\d{1,5}$/)
      return port !== undefined && port <= 65_535 ? port : undefined
    }
    case 'url':
      return URL.parse(text) ?? undefined
    case 'duration':
      return scaled(text, MILLISECONDS)
    case 'bytes':
      return safeInteger(scaled(text, BYTES))
    case 'json':
      try {
        return JSON.parse(text) as VariableValue
      } catch {
        return undefined
      }
    case 'enum':
      return values?.includes(text) ? text : undefined
  }
}

const BOOLEANS = new Map([
  ...['true', 'yes', 'on', '1'].map((text) => [text, true] as const),
  ...['false', 'no', 'off', '0'].map((text) => [text, false] as const),
])

const MILLISECONDS: Record<string, number | undefined> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

const BYTES: Record<string, number | undefined> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
}

function numberIn(text: string, form: RegExp): number | undefined {
  const trimmed = text.trim()
  const number = form.test(trimmed) ? Number(trimmed) : NaN
  return Number.isFinite(number) ? number : undefined
}

function safeInteger(number: number | undefined): number | undefined {
  return Number.isSafeInteger(number) ? number : undefined
}

function scaled(text: string, units: Record<string, number | undefined>): number | undefined {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim()) ?? []
  const scale = Object.hasOwn(units, unit.toLowerCase()) ? units[unit.toLowerCase()] : undefined
  return number === '' || scale === undefined ? undefined : Number(number) * scale
}
