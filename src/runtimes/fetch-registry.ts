// A registry client on Node's own fetch. It takes no position on what it downloads: whoever calls
// it compares the integrity of the bytes.

import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout } from 'node:timers/promises'
import { BuildError } from '../base/diagnostics.ts'
import { defaultRegistry } from './npm-client.ts'
import { authorizationFor, configuredRegistry, type NpmSettings } from './npmrc.ts'
import { platformFields, type PlatformFields } from './platform-fields.ts'
import type { Registry, RegistryOptions, Release } from './registry-contract.ts'

const RETRY_AFTER_MS = [200, 1000]
const METADATA_TIMEOUT_MS = 30_000
/** Stalled connections end earlier, by fetch's own time limit between two chunks. */
const TARBALL_TIMEOUT_MS = 30 * 60_000

/** npm's abbreviated metadata: a hundredth of the full document for packages with long histories. */
const ABBREVIATED = 'application/vnd.npm.install-v1+json, application/json;q=0.8'

export function fetchRegistry(options: RegistryOptions): Registry {
  const { settings } = options
  return {
    async releases(packageName) {
      const base = configuredRegistry(settings, packageName) ?? (await defaultRegistry(options))
      // Registries want the slash of a scope escaped, and nothing else.
      const url = new URL(packageName.replace('/', '%2f'), base)
      const headers = { accept: ABBREVIATED }
      const timeoutMs = METADATA_TIMEOUT_MS
      const answer = await request(settings, { url, headers, timeoutMs }, (response) => response.text())
      return releasesOf(parsePackument(answer, url), url)
    },
    async download(_packageName, release, file) {
      const url = new URL(release.tarball)
      await request(settings, { url, headers: {}, timeoutMs: TARBALL_TIMEOUT_MS }, async ({ body }) => {
        await pipeline(body === null ? Readable.from([]) : Readable.fromWeb(body), createWriteStream(file))
      })
    },
  }
}

interface PublishedVersion extends PlatformFields {
  readonly dist: { readonly integrity?: string; readonly tarball: string }
}

interface Packument {
  readonly versions?: Readonly<Record<string, PublishedVersion>>
}

function parsePackument(answer: string, url: URL): Packument {
  try {
    return JSON.parse(answer) as Packument
  } catch (cause) {
    throw new BuildError('REGISTRY_HTTP', `${withoutCredentials(url).href} did not answer with JSON`, {
      help: 'check "registry" in .npmrc; a login page of the network answers like this, too',
      cause,
    })
  }
}

function releasesOf({ versions = {} }: Packument, url: URL): readonly Release[] {
  return Object.entries(versions).map(([version, { dist, ...fields }]) => ({
    version,
    integrity: dist.integrity?.split(/\s+/).find((hash) => hash.startsWith('sha512-')),
    // Some registries leave out their own origin.
    tarball: new URL(dist.tarball, url).href,
    ...platformFields(fields),
  }))
}

interface Request {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
}

/** A GET whose answer is used within the retries, because the connection may also fail half way. */
async function request<T>(
  settings: NpmSettings,
  { url, headers, timeoutMs }: Request,
  use: (response: Response) => Promise<T>,
): Promise<T> {
  const authorization = authorizationFor(settings, url)
  // fetch refuses addresses with credentials, and takes the header away when redirected elsewhere.
  const address = withoutCredentials(url)
  for (const waitMs of [...RETRY_AFTER_MS, undefined]) {
    try {
      const signal = AbortSignal.timeout(timeoutMs)
      const response = await fetch(address, {
        headers: authorization === undefined ? headers : { ...headers, authorization },
        signal,
      })
      if (response.ok) return await use(response)
      await response.body?.cancel()
      if (waitMs === undefined || !isPassing(response.status)) throw httpError(address, response.status)
    } catch (error) {
      if (!isNetworkError(error)) throw error
      if (waitMs === undefined || isCertificateError(error)) throw unreachableError(address, error)
    }
    await setTimeout(waitMs)
  }
  throw new Error('unreachable: the last attempt returns or throws')
}

function withoutCredentials(url: URL): URL {
  const copy = new URL(url)
  copy.username = ''
  copy.password = ''
  return copy
}

function isPassing(status: number): boolean {
  return status >= 500 || status === 408 || status === 429
}

/** fetch reports every failure of the connection as a TypeError with the reason as its cause. */
function isNetworkError(error: unknown): error is Error {
  return error instanceof TypeError || (error instanceof Error && error.name === 'TimeoutError')
}

function isCertificateError(error: Error): boolean {
  return /CERT|SSL|TLS|SELF_SIGNED|VERIFY/.test(reasonOf(error))
}

function reasonOf(error: Error): string {
  const cause = error.cause as NodeJS.ErrnoException | undefined
  return cause?.code ?? cause?.message ?? error.message
}

function unreachableError(url: URL, error: Error): BuildError {
  const help = isCertificateError(error)
    ? 'set "cafile" in .npmrc to the certificate authority of your network'
    : 'check the connection, and "registry" and "proxy" in .npmrc'
  const code = isCertificateError(error) ? 'REGISTRY_CERTIFICATE' : 'REGISTRY_UNREACHABLE'
  return new BuildError(code, `cannot reach ${url.origin}: ${reasonOf(error)}`, { help, cause: error })
}

function httpError(url: URL, status: number): BuildError {
  return new BuildError('REGISTRY_HTTP', `${url.href} answered ${status}`, { help: remedyFor(status, url) })
}

function remedyFor(status: number, url: URL): string {
  if (status === 401 || status === 403) return `put credentials into .npmrc: //${url.host}/:_authToken=…`
  if (status === 404) return 'check that "registry" in .npmrc carries (or mirrors) this package'
  return 'try again later; if it stays, ask whoever runs the registry'
}
