// Makes Node's fetch behave as the user's npm is configured to: proxy and certificate authorities.
// Both are settings of the whole process in Node, so they are set around a download and put back.

// A default import: Node 22 has no setGlobalProxyFromEnv, and a named import of it would not link.
import http from 'node:http'
import { existsSync, readFileSync } from 'node:fs'
import tls from 'node:tls'
import { BuildError } from '../base/diagnostics.ts'
import { flag, text, type NpmSettings } from './npmrc.ts'

interface Proxies {
  readonly http_proxy: string | undefined
  readonly https_proxy: string | undefined
  readonly no_proxy: string | undefined
}

/** Whether fetch can be made to do what is configured. If not, the user's npm has to do the download. */
export function fetchCanHonour(settings: NpmSettings, env: NodeJS.ProcessEnv): boolean {
  if (!flag(settings, 'strict-ssl', true)) return false
  const clientCertificate = [...settings.keys()].some((key) =>
    /(?:^|:)(?:cert|key|certfile|keyfile)$/.test(key),
  )
  if (clientCertificate) return false
  return proxiesOf(settings, env) === undefined || typeof http.setGlobalProxyFromEnv === 'function'
}

export async function withTransport<T>(
  settings: NpmSettings,
  env: NodeJS.ProcessEnv,
  use: () => Promise<T>,
): Promise<T> {
  const restoreCertificates = addCertificates(settings, env)
  const proxies = proxiesOf(settings, env)
  const restoreProxy = proxies && http.setGlobalProxyFromEnv(definedOf(proxies))
  try {
    return await use()
  } finally {
    restoreProxy?.()
    restoreCertificates()
  }
}

function proxiesOf(settings: NpmSettings, env: NodeJS.ProcessEnv): Proxies | undefined {
  const fromEnv = (name: string) => env[name] || env[name.toUpperCase()] || undefined
  const https = text(settings, 'https-proxy') ?? text(settings, 'proxy') ?? fromEnv('https_proxy')
  const plain = text(settings, 'proxy') ?? text(settings, 'https-proxy') ?? fromEnv('http_proxy')
  if (https === undefined && plain === undefined) return undefined
  const no_proxy = text(settings, 'noproxy') ?? fromEnv('no_proxy')
  return { http_proxy: plain, https_proxy: https, no_proxy }
}

function definedOf(proxies: Proxies): Record<string, string> {
  const defined: Record<string, string> = {}
  for (const [name, value] of Object.entries(proxies)) if (typeof value === 'string') defined[name] = value
  return defined
}

function addCertificates(settings: NpmSettings, { NODE_EXTRA_CA_CERTS }: NodeJS.ProcessEnv): () => void {
  const bundles = [
    text(settings, 'ca'),
    readCertificates(text(settings, 'cafile')),
    // Node has read it, unless it is sealed, as Ingot's own executable is. It says nothing of a file that is not there.
    existsSync(NODE_EXTRA_CA_CERTS ?? '') ? readCertificates(NODE_EXTRA_CA_CERTS) : undefined,
  ]
  const added = bundles.flatMap((bundle) => bundle?.match(PEM_CERTIFICATE) ?? [])
  if (added.length === 0) return () => {}
  const before = tls.getCACertificates('default')
  tls.setDefaultCACertificates([...before, ...added])
  return () => tls.setDefaultCACertificates(before)
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

function readCertificates(file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new BuildError('NPMRC_INVALID', `cannot read the certificates that npm is configured with`, {
      at: { file },
      help: 'correct "cafile" in .npmrc',
      cause,
    })
  }
}
