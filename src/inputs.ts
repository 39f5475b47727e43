// Everything that a build depends on: what its stages looked at, what was pinned, and Ingot itself.

import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

import type { Inputs } from './base/inputs.ts'
import type { ResolvedConfig } from './config/config.ts'
import { envTypesOf } from './env-types.ts'
import { VIRTUAL_ROOT } from './format/archive.ts'
import type { AppGraph } from './graph/graph.ts'
import { lockFileOf } from './runtimes/lock.ts'

/** @param key that it was signed with */
export function allInputs(
  config: ResolvedConfig,
  ofConfig: Inputs,
  { inputs }: AppGraph,
  key?: string,
): Inputs {
  // What a build writes beside the executable is written again if it is missing.
  const others = [envTypesOf(config) ?? [], key ?? []].flat()
  const files = [...ofConfig.files, ...inputs.files, ...inputsOfTarget(config), ...others]
  return {
    ...ofConfig,
    files: [...new Set(files)],
    listings: [...ofConfig.listings, ...inputs.listings],
    // What the compiler reads, it does not say.
    ...(config.check && { incomplete: 'types are checked' }),
  }
}

/** What decides about node, libraries and base image. */
export function inputsOfTarget({ projectDir, runtime }: ResolvedConfig): string[] {
  return [lockFileOf(projectDir), ...(runtime.kind === 'path' ? [runtime.file] : []), ...ownFiles()]
}

/** What would make another executable of the same program: this Ingot, edited or replaced. */
function ownFiles(): string[] {
  const here = path.dirname(fileURLToPath(import.meta.url))
  if (here.startsWith(VIRTUAL_ROOT)) return [process.execPath]
  const root = path.dirname(here)
  const sources = readdirSync(here, { recursive: true, encoding: 'utf8' })
    .filter((name) => /(?<!\.test|\.fixture)\.[jt]s$/.test(name))
    .map((name) => path.join(here, name))
  const bundler = path.join(root, 'node_modules/rolldown/package.json')
  return [
    ...sources,
    path.join(root, 'package.json'),
    path.join(root, 'launcher/prebuilt/SHA256SUMS'),
    ...(existsSync(bundler) ? [bundler] : []),
  ]
}
