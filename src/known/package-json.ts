// What package.json says of a package, as far as it can be believed: authors write anything there.

import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

import { licenseOf } from './license.ts'

export interface Manifest {
  readonly name: string | undefined
  readonly version: string | undefined
  readonly description: string | undefined
  /** A name, without addresses. */
  readonly author: string | undefined
  readonly license: string | undefined
  readonly homepage: string | undefined
  readonly repository: string | undefined
  /** Names, of all kinds that a program can import at run time. */
  readonly asksFor: readonly string[]
}

export function readManifest(text: string): Manifest {
  const json = parse(text)
  const { dependencies, optionalDependencies, peerDependencies } = json
  return {
    name: textIn(json['name']),
    version: textIn(json['version']),
    description: textIn(json['description']),
    author: authorOf(json['author']),
    license: licenseOf(json),
    homepage: textIn(json['homepage']),
    repository: repositoryOf(json['repository']),
    asksFor: [...new Set([dependencies, optionalDependencies, peerDependencies].flatMap(keysOf))].toSorted(),
  }
}

function parse(text: string): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(text)
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** `Ada Lovelace <ada@example.com> (https://example.com)`, or an object. */
function authorOf(value: unknown): string | undefined {
  const text = textIn(
    typeof value === 'object' && value !== null ? (value as { name?: unknown }).name : value,
  )
  return textIn(text?.replace(/\s*[<(].*$/, ''))
}

function keysOf(value: unknown): string[] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : []
}

/** npm's forms of it as a URL: `git+https://…`, `owner/name`, `github:owner/name`. */
function repositoryOf(value: unknown): string | undefined {
  const text = textIn(typeof value === 'object' && value !== null ? (value as { url?: unknown }).url : value)
  if (text === undefined) return undefined
  const short = /^(?:github:)?([\w.-]+\/[\w.-]+)$/.exec(text)?.[1]
  if (short !== undefined) return `https://github.com/${short}`
  return text.replace(/^git\+/, '')
}

/** Of a directory, in which there need not be one. */
export function manifestIn(directory: string): Manifest {
  const file = path.join(directory, 'package.json')
  return readManifest(existsSync(file) ? readFileSync(file, 'utf8') : '')
}
