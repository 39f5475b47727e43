// The user's npm configuration: which registry, with which credentials, through which proxy.
// Read here, and not by running npm, because npm does not tell secrets (`_authToken`) to anybody.
// Order as in npm: environment, project, user, global. Rules cite @npmcli/config.

import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'

/** Keys as in .npmrc; a repeated `key[]` is one text with a line per value. */
export type NpmSettings = ReadonlyMap<string, string>

export function readNpmSettings(projectDir: string, env: NodeJS.ProcessEnv): NpmSettings {
  const fromEnv = settingsOfEnv(env)
  const user = fromEnv.get('userconfig') ?? join(env['HOME'] ?? homedir(), '.npmrc')
  const global = fromEnv.get('globalconfig') ?? join(globalPrefix(fromEnv, env), 'etc', 'npmrc')
  const files = [global, user, join(projectDir, '.npmrc')]
  const settings = new Map<string, string>()
  for (const file of files) {
    for (const [key, value] of parseNpmrc(readIfThere(file), env)) settings.set(key, value)
  }
  for (const [key, value] of fromEnv) settings.set(key, value)
  return settings
}

export function parseNpmrc(text: string, env: NodeJS.ProcessEnv): Map<string, string> {
  const settings = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*(?![;#[])([^=]+?)\s*(?:=\s*(.*?)\s*)?$/.exec(line)
    if (match === null) continue
    // As in npm's ini: a key without value is true.
    const [, rawKey = '', rawValue = 'true'] = match
    const key = expand(rawKey, env)
    const value = expand(unquote(rawValue), env)
    const list = key.endsWith('[]') ? key.slice(0, -2) : undefined
    const before = list === undefined ? undefined : settings.get(list)
    settings.set(list ?? key, before === undefined ? value : `${before}\n${value}`)
  }
  return settings
}

/** The registry that is configured for a package, with a slash at the end. */
export function configuredRegistry(settings: NpmSettings, packageName: string): string | undefined {
  const scope = packageName.startsWith('@') ? packageName.split('/')[0] : undefined
  const scoped = scope === undefined ? undefined : settings.get(`${scope}:registry`)
  const registry = scoped ?? settings.get('registry')
  return registry?.replace(/\/*$/, '/')
}

/**
 * The Authorization header that is configured for this address, if any. As in npm-registry-fetch,
 * credentials belong to a host and path, and are looked for from the most to the least specific.
 */
export function authorizationFor(settings: NpmSettings, url: URL): string | undefined {
  if (url.username !== '') return basic(decodeURIComponent(url.username), decodeURIComponent(url.password))
  let prefix = `//${url.host}${url.pathname}`
  while (prefix.length > 2) {
    const found = credentialsAt(settings, prefix)
    if (found !== undefined) return found
    prefix = prefix.replace(/(?:[^/]+|\/)$/, '')
  }
  return undefined
}

/** A boolean setting; npm's own default where nothing is set. */
export function flag(settings: NpmSettings, key: string, byDefault = false): boolean {
  const value = settings.get(key)
  return value === undefined ? byDefault : value === 'true'
}

/** A text setting; npm writes `null` for "not set". */
export function text(settings: NpmSettings, key: string): string | undefined {
  const value = settings.get(key)
  return value === '' || value === 'null' || value === 'false' ? undefined : value
}

function credentialsAt(settings: NpmSettings, prefix: string): string | undefined {
  const token = settings.get(`${prefix}:_authToken`)
  if (token !== undefined) return `Bearer ${token}`
  const auth = settings.get(`${prefix}:_auth`)
  if (auth !== undefined) return `Basic ${auth}`
  const username = settings.get(`${prefix}:username`)
  const password = settings.get(`${prefix}:_password`)
  if (username === undefined || password === undefined) return undefined
  return basic(username, Buffer.from(password, 'base64').toString())
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

/** @npmcli/config, loadEnv: `npm_config_foo_bar` is `foo-bar`, but `//host/:_authToken` stays as it is. */
function settingsOfEnv(env: NodeJS.ProcessEnv): Map<string, string> {
  const settings = new Map<string, string>()
  for (const [name, value] of Object.entries(env)) {
    if (!/^npm_config_/i.test(name) || value === undefined || value === '') continue
    const key = name.slice('npm_config_'.length)
    settings.set(key.startsWith('//') ? key : key.replace(/(?!^)_/g, '-').toLowerCase(), value)
  }
  return settings
}

/** npm is installed as <prefix>/bin/npm. Not our own executable: Ingot may run in another Node than npm. */
function globalPrefix(fromEnv: NpmSettings, env: NodeJS.ProcessEnv): string {
  const configured = fromEnv.get('prefix') ?? env['PREFIX']
  if (configured !== undefined) return configured
  const bin = (env['PATH'] ?? '').split(delimiter).find((dir) => existsSync(join(dir, 'npm')))
  return dirname(bin ?? dirname(process.execPath))
}

/** @npmcli/config, env-replace: an unknown `${VAR}` stays as written, an unknown `${VAR?}` is empty. */
function expand(value: string, env: NodeJS.ProcessEnv): string {
  return value.replace(/(?<!\\)\$\{([^${}?]+)(\?)?\}/g, (written, name: string, optional?: string) => {
    return env[name] ?? (optional === undefined ? written : '')
  })
}

/** npm's ini: quoted values are JSON texts; elsewhere `;` and `#` start a comment unless escaped. */
function unquote(value: string): string {
  if (/^'.*'$/.test(value)) return value.slice(1, -1)
  if (/^".*"$/.test(value)) {
    try {
      return String(JSON.parse(value))
    } catch {
      return value
    }
  }
  return value
    .replace(/(?<!\\)[;#].*$/, '')
    .replace(/\\([;#\\])/g, '$1')
    .trimEnd()
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // Like npm: a file that is not there or not readable configures nothing.
    return ''
  }
}
