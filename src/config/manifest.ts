import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BuildError } from '../base/diagnostics.ts'
import { kindOf } from './files.ts'
import { parseJson } from './json.ts'
import type { Layer } from './layer.ts'

/** A package.json. Its fields are whatever somebody wrote there. */
export interface Manifest {
  readonly dir: string
  readonly file: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** The package.json of exactly this directory. */
export function readManifest(dir: string): Manifest | undefined {
  const file = join(dir, 'package.json')
  if (kindOf(file) !== 'file') return undefined
  const fields = parseJson(readFileSync(file, 'utf8'), file)
  if (typeof fields === 'object' && fields !== null && !Array.isArray(fields)) {
    return { dir, file, fields: fields as Record<string, unknown> }
  }
  throw new BuildError('CONFIG_INVALID', 'package.json must hold an object', { at: { file } })
}

/** `@scope/name` -> `name`: a scope is no part of a command's name. */
export function commandName(manifest: Manifest | undefined): string | undefined {
  const name = manifest?.fields.name
  return typeof name === 'string' && name !== '' ? name.slice(name.lastIndexOf('/') + 1) : undefined
}

/** What stands under "ingot". */
export async function manifestLayer(manifest: Manifest): Promise<Layer | undefined> {
  if (manifest.fields.ingot === undefined) return undefined
  const { checkUserConfig } = await import('./schema.ts')
  const at = { file: manifest.file }
  return { values: checkUserConfig(manifest.fields.ingot, at, 'ingot'), baseDir: manifest.dir, at }
}
