// A connection to one repository of a registry, by the OCI distribution specification 1.1: requests that say who asks, and
// that are repeated where the failure may pass.

import { isIPv4 } from 'node:net'
import { setTimeout } from 'node:timers/promises'

import { authorize, parseChallenge, type Challenge } from './authorization.ts'
import type { Credentials } from './credentials.ts'
import { refusal, unreachableRegistry } from './errors.ts'

export interface Place {
  readonly registry: string
  readonly repository: string
}

export interface RegistryOptions {
  readonly credentials: Credentials | undefined
  /** Plain HTTP; on loopback that is so anyhow. */
  readonly insecure: boolean
  readonly signal?: AbortSignal | undefined
  /** Waited before the second attempt, the third, and so on. */
  readonly retryAfterMs?: readonly number[]
}

export interface Sent {
  /** For messages: what is asked of the registry. */
  readonly what: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Blob | Uint8Array<ArrayBuffer>
  /** Other scopes than push and pull of this repository. */
  readonly scopes?: readonly string[]
  /** Answers that are not an error. */
  readonly expect: readonly number[]
  /** A failure is thrown as `Interrupted` instead of repeated: what has been sent is not what would be sent again. */
  readonly once?: boolean
}

/** It may go on later. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
  /** What to throw if it does not. */
  readonly reason: Error

  constructor(reason: Error) {
    super(reason.message)
    this.reason = reason
  }
}

const RETRY_AFTER_MS = [500, 1000, 2000, 4000, 8000] as const

export class Registry {
  readonly place: Place
  readonly base: URL
  readonly retryAfterMs: readonly number[]
  readonly signal: AbortSignal | undefined
  readonly #credentials: Credentials | undefined
  #challenge: Challenge | undefined
  /** By scopes: the header that was good last. */
  readonly #authorizations = new Map<string, string>()

  constructor(
    place: Place,
    { credentials, insecure, signal, retryAfterMs = RETRY_AFTER_MS }: RegistryOptions,
  ) {
    this.place = place
    const host = place.registry === 'docker.io' ? 'registry-1.docker.io' : place.registry
    this.base = new URL(
      `${insecure || isLoopback(host) ? 'http' : 'https'}://${host}/v2/${place.repository}/`,
    )
    this.retryAfterMs = retryAfterMs
    this.signal = signal
    this.#credentials = credentials
  }

  /**
   * @param path below the repository, or a whole URL that the registry has given
   * @throws BuildError PUSH_…; Interrupted
   */
  async send(path: string | URL, sent: Sent): Promise<Response> {
    const url = new URL(path, this.base)
    for (let attempt = 0; ; attempt++) {
      const waitMs = sent.once ? undefined : this.retryAfterMs[attempt]
      let failure: Error
      try {
        const response = await this.#authorized(url, sent)
        if (sent.expect.includes(response.status)) return response
        const body = await response.text()
        const hasCredentials = this.#credentials !== undefined
        failure = refusal(this.place.registry, sent.what, { status: response.status, body, hasCredentials })
        // After a restart a registry does not know what was under way.
        const isForgotten = sent.once && [404, 416].includes(response.status)
        if (!isPassing(response.status) && !isForgotten) throw failure
      } catch (error) {
        this.signal?.throwIfAborted()
        if (!isNetworkError(error)) throw error
        failure = unreachableRegistry(this.place.registry, sent.what, error)
        if (/CERT|SELF_SIGNED|ENOTFOUND/.test(failure.message)) throw failure
      }
      if (sent.once) throw new Interrupted(failure)
      if (waitMs === undefined) throw failure
      await setTimeout(waitMs, undefined, { signal: this.signal })
    }
  }

  /** With the authorization that was good before; once more with a new one if that is not good any more. */
  async #authorized(url: URL, { method = 'GET', headers = {}, body, scopes = this.#ownScopes() }: Sent) {
    const key = scopes.join(' ')
    const request = (authorization: string | undefined) =>
      // What is stored elsewhere is uploaded to a URL that carries its own permission.
      this.#fetch(url, {
        method,
        headers: { ...headers, ...(authorization && url.origin === this.base.origin && { authorization }) },
        ...(body && { body }),
      })
    // A body is not sent before it is known that it may be.
    if (this.#challenge && !this.#authorizations.has(key)) await this.#renew(key, scopes)
    const response = await request(this.#authorizations.get(key))
    if (response.status !== 401) return response
    const challenge = parseChallenge(response.headers.get('www-authenticate'))
    if (!challenge || url.origin !== this.base.origin) return response
    this.#challenge = challenge
    if (!(await this.#renew(key, scopes))) return response
    await response.body?.cancel()
    return request(this.#authorizations.get(key))
  }

  async #renew(key: string, scopes: readonly string[]): Promise<boolean> {
    const { registry } = this.place
    const send = this.#fetch.bind(this)
    const authorization = await authorize(this.#challenge!, {
      registry,
      isSecure: this.base.protocol === 'https:',
      scopes,
      credentials: this.#credentials,
      send,
    })
    if (authorization === undefined) this.#authorizations.delete(key)
    else this.#authorizations.set(key, authorization)
    return authorization !== undefined
  }

  #ownScopes(): string[] {
    return [`repository:${this.place.repository}:pull,push`]
  }

  #fetch(url: URL, request: RequestInit): Promise<Response> {
    return fetch(url, { ...request, redirect: 'follow', ...(this.signal && { signal: this.signal }) })
  }
}

function isLoopback(host: string): boolean {
  const { hostname } = new URL(`http://${host}`)
  return hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'))
}

function isPassing(status: number): boolean {
  return status >= 500 || status === 408 || status === 429
}

/** fetch reports every failure of the connection as a TypeError with the reason as its cause. */
function isNetworkError(error: unknown): error is Error {
  return error instanceof TypeError || (error instanceof Error && error.name === 'TimeoutError')
}
