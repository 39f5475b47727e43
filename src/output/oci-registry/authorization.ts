// Answers to a registry's challenge: Basic, or a token for a scope (https://distribution.github.io/distribution/spec/auth/token/).

import { refusal } from './errors.ts'
import type { Credentials } from './credentials.ts'

export interface Challenge {
  readonly scheme: 'basic' | 'bearer'
  readonly realm: string | undefined
  readonly service: string | undefined
  readonly scope: string | undefined
}

/** RFC 9110, 11.6.1: the strongest of what is offered. Undefined: nothing that is known. */
export function parseChallenge(header: string | null): Challenge | undefined {
  const challenges = [
    ...(header ?? '').matchAll(/\b(basic|bearer)\b((?:\s*,?\s*[\w-]+\s*=\s*(?:"[^"]*"|[^\s,"]+))*)/gi),
  ].map(([, scheme = '', parameters = '']): Challenge => {
    const values = new Map(
      [...parameters.matchAll(/([\w-]+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))/g)].map(([, name, quoted, plain]) => [
        name!.toLowerCase(),
        quoted ?? plain,
      ]),
    )
    return {
      scheme: scheme.toLowerCase() as Challenge['scheme'],
      realm: values.get('realm'),
      service: values.get('service'),
      scope: values.get('scope'),
    }
  })
  return challenges.find(({ scheme }) => scheme === 'bearer') ?? challenges[0]
}

export interface Asked {
  readonly registry: string
  /** Whether the registry is spoken to by TLS. */
  readonly isSecure: boolean
  /** Wanted, beside what the challenge names. */
  readonly scopes: readonly string[]
  readonly credentials: Credentials | undefined
  readonly send: (url: URL, request: RequestInit) => Promise<Response>
}

/** The header's value; undefined: there is nothing to answer with. @throws BuildError PUSH_… */
export async function authorize(challenge: Challenge, asked: Asked): Promise<string | undefined> {
  const { credentials } = asked
  if (challenge.scheme === 'basic') return basic(credentials)
  if (challenge.realm === undefined || !URL.canParse(challenge.realm)) return undefined
  const url = new URL(challenge.realm)
  // A password does not go over a plain connection because somebody asks for it.
  if (asked.isSecure && url.protocol !== 'https:') return undefined
  const scopes = [...new Set([...asked.scopes, ...(challenge.scope?.split(' ') ?? [])])]
  const response =
    credentials?.kind === 'refresh-token'
      ? await asked.send(url, exchange(credentials.token, challenge, scopes))
      : await asked.send(withQuery(url, challenge, scopes), {
          headers: { ...(credentials && { authorization: basic(credentials)! }) },
        })
  const body = await response.text()
  if (!response.ok) {
    const status = response.status === 400 && credentials ? 401 : response.status
    throw refusal(asked.registry, 'this', { status, body, hasCredentials: credentials !== undefined })
  }
  const { token, access_token: accessToken } = JSON.parse(body) as { token?: string; access_token?: string }
  const value = token || accessToken
  return value === undefined ? undefined : `Bearer ${value}`
}

function basic(credentials: Credentials | undefined): string | undefined {
  if (credentials?.kind !== 'password') return undefined
  return `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}`
}

function withQuery(url: URL, { service }: Challenge, scopes: readonly string[]): URL {
  const asked = new URL(url)
  if (service !== undefined) asked.searchParams.set('service', service)
  for (const scope of scopes) asked.searchParams.append('scope', scope)
  return asked
}

function exchange(token: string, { service }: Challenge, scopes: readonly string[]): RequestInit {
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: token,
    client_id: 'ingot',
    service: service ?? '',
    scope: scopes.join(' '),
  })
  return { method: 'POST', body }
}
