// What an executable says of itself to macOS: its identifier, its Info.plist, and what it may do.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

import { BuildError } from './base/diagnostics.ts'
import type { ResolvedConfig } from './config/config.ts'
import { propertyList } from './image/macho/entitlements.ts'
import { manifestIn } from './known/package-json.ts'

export interface DarwinDescription {
  /** From build to build the same. */
  readonly identifier: string
  readonly uuid: Uint8Array
  readonly info: Uint8Array
  /** Nobody has asked for it: without room it is left out. */
  readonly isInfoOptional: boolean
}

/** @throws BuildError INFO_PLIST_UNREADABLE */
export function describeDarwin({
  darwin = {},
  projectDir,
  entries,
  target,
}: Pick<ResolvedConfig, 'darwin' | 'projectDir' | 'entries' | 'target'>): DarwinDescription {
  const manifest = manifestIn(projectDir)
  const name = manifest.name ?? entries[0]?.name ?? 'tests'
  const identifier = darwin.identifier ?? identifierFrom(name)
  return {
    identifier,
    uuid: uuidOf(`${target} ${identifier}`),
    info:
      darwin.infoPlist === undefined
        ? Buffer.from(infoPlist({ name, identifier, version: manifest.version }))
        : readInfo(darwin.infoPlist),
    isInfoOptional: darwin.infoPlist === undefined,
  }
}

/** `@scope/name` becomes `scope.name`. */
function identifierFrom(name: string): string {
  return name
    .replace(/^@/, '')
    .replaceAll('/', '.')
    .replaceAll(/[^\w.-]/g, '-')
}

/** RFC 9562, version 8 */
function uuidOf(text: string): Uint8Array {
  const uuid = createHash('sha256').update(text).digest().subarray(0, 16)
  uuid[6] = (uuid[6]! & 0x0f) | 0x80
  uuid[8] = (uuid[8]! & 0x3f) | 0x80
  return uuid
}

interface InfoFacts {
  readonly name: string
  readonly identifier: string
  readonly version: string | undefined
}

function infoPlist({ name, identifier, version }: InfoFacts): string {
  // Three numbers, without what is behind a hyphen.
  const numbers = version === undefined ? undefined : /^\d+(?:\.\d+){0,2}/.exec(version)?.[0]
  const facts = {
    CFBundleIdentifier: identifier,
    CFBundleInfoDictionaryVersion: '6.0',
    CFBundleName: name,
    ...(numbers !== undefined && { CFBundleShortVersionString: numbers, CFBundleVersion: numbers }),
  }
  return propertyList(
    Object.entries(facts).flatMap(([key, value]) => [
      `\t<key>${key}</key>`,
      `\t<string>${escapeXml(value)}</string>`,
    ]),
  )
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function readInfo(file: string): Uint8Array {
  try {
    return readFileSync(file)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new BuildError('INFO_PLIST_UNREADABLE', `the Info.plist cannot be read (${code})`, {
      at: { file },
      help: 'check "darwin.infoPlist": paths start from the file of the configuration',
      cause,
    })
  }
}
