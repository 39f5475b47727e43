// Who the user is to a registry, as `docker login` and `podman login` have noted it.

import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { text as textOf } from 'node:stream/consumers'

import { BuildError } from '../../base/diagnostics.ts'

export type Credentials =
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  /** OAuth 2: to be changed for tokens. */
  | { readonly kind: 'refresh-token'; readonly token: string }

interface AuthFile {
  readonly auths?: Readonly<
    Record<string, { auth?: string; identitytoken?: string; username?: string; password?: string }>
  >
  readonly credsStore?: string
  readonly credHelpers?: Readonly<Record<string, string>>
}

/**
 * The first of these files that knows the registry is believed.
 * @throws BuildError PUSH_CREDENTIALS if one of them, or a program that it names, cannot be used
 */
export async function findCredentials(
  registry: string,
  repository: string,
  env: NodeJS.ProcessEnv,
): Promise<Credentials | undefined> {
  for (const file of authFiles(env)) {
    const content = readAuthFile(file)
    const found = content && (await credentialsIn(content, registry, repository, { file, env }))
    if (found) return found
  }
  return undefined
}

function authFiles(env: NodeJS.ProcessEnv): string[] {
  const home = env['HOME'] ?? ''
  const config = env['XDG_CONFIG_HOME'] ?? path.join(home, '.config')
  const runtime = env['XDG_RUNTIME_DIR']
  return [
    ...(env['REGISTRY_AUTH_FILE'] ? [env['REGISTRY_AUTH_FILE']] : []),
    path.join(env['DOCKER_CONFIG'] || path.join(home, '.docker'), 'config.json'),
    ...(runtime ? [path.join(runtime, 'containers/auth.json')] : []),
    path.join(config, 'containers/auth.json'),
  ]
}

function readAuthFile(file: string): AuthFile | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as AuthFile
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw unusable(`it cannot be read: ${(error as Error).message}`, file, error)
  }
}

interface Place {
  readonly file: string
  readonly env: NodeJS.ProcessEnv
}

async function credentialsIn(
  { auths = {}, credHelpers = {}, credsStore }: AuthFile,
  registry: string,
  repository: string,
  place: Place,
): Promise<Credentials | undefined> {
  const hosts = hostsOf(registry)
  const names = [...namespacesOf(registry, repository), ...hosts]
  const helped = names.find((name) => Object.hasOwn(credHelpers, name))
  if (helped !== undefined) return askHelper(credHelpers[helped]!, helped, place)
  const key = names.find((name) => Object.hasOwn(auths, name))
  const entry = key === undefined ? undefined : auths[key]
  if (entry?.identitytoken) return { kind: 'refresh-token', token: entry.identitytoken }
  const [user, password] = entry?.auth
    ? splitOnce(Buffer.from(entry.auth, 'base64').toString())
    : [entry?.username, entry?.password]
  if (user && password !== undefined) return { kind: 'password', user, password }
  // An entry without content says that the store has it; some stores have it under the host alone.
  if (!credsStore) return undefined
  for (const name of key === undefined ? hosts : [key]) {
    const found = await askHelper(credsStore, name, place)
    if (found) return found
  }
  return undefined
}

/** podman notes repositories, too; the most special one comes first. */
function namespacesOf(registry: string, repository: string): string[] {
  const parts = repository.split('/')
  return parts.map((_, i) => `${registry}/${parts.slice(0, parts.length - i).join('/')}`)
}

/** Docker notes its own registry by a URL, and others as the user has written them. */
function hostsOf(registry: string): string[] {
  const own = registry === 'docker.io' ? ['https://index.docker.io/v1/', 'index.docker.io'] : []
  return [...own, registry, `https://${registry}`, `https://${registry}/`, `https://${registry}/v1/`]
}

function splitOnce(text: string): [string, string | undefined] {
  const colon = text.indexOf(':')
  return colon < 0 ? [text, undefined] : [text.slice(0, colon), text.slice(colon + 1).replace(/\0+$/, '')]
}

/** https://github.com/docker/docker-credential-helpers: a host on standard input, JSON on standard output. */
async function askHelper(
  helper: string,
  server: string,
  { file, env }: Place,
): Promise<Credentials | undefined> {
  const program = `docker-credential-${helper}`
  const child = spawn(program, ['get'], { env, stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise<number | null>((resolve, reject) =>
    child.once('error', reject).once('close', resolve),
  )
  child.stdin.on('error', () => {}).end(server)
  let exitCode: number | null
  let answer: string
  try {
    ;[exitCode, answer] = await Promise.all([ended, textOf(child.stdout)])
  } catch (error) {
    throw unusable(`${program}, which it names, cannot be run: ${(error as Error).message}`, file, error)
  }
  if (exitCode !== 0) {
    if (/not found/i.test(answer)) return undefined
    throw unusable(`${program}, which it names, failed: ${answer.trim() || `exit code ${exitCode}`}`, file)
  }
  try {
    const { Username: user, Secret: secret } = JSON.parse(answer) as { Username: string; Secret: string }
    return user === '<token>'
      ? { kind: 'refresh-token', token: secret }
      : { kind: 'password', user, password: secret }
  } catch (error) {
    throw unusable(`${program}, which it names, did not answer with JSON`, file, error)
  }
}

function unusable(message: string, file: string, cause?: unknown): BuildError {
  return new BuildError('PUSH_CREDENTIALS', `the credentials for registries cannot be used: ${message}`, {
    at: { file },
    help: 'correct the file, or log in again with docker login or podman login',
    cause,
  })
}
