// `ingot types`: writes the declaration file of a contract without a build.

import { existsSync } from 'node:fs'

import type { BuildOptions } from './base/build-result.ts'
import { BuildError, type Diagnostic } from './base/diagnostics.ts'
import { resolveConfig } from './config/resolve-config.ts'
import { envTypesOf, writeEnvTypes } from './env-types.ts'

export interface WrittenTypes {
  /** Absolute path. */
  readonly file: string
  readonly variables: readonly string[]
  readonly diagnostics: readonly Diagnostic[]
}

/** @throws BuildError CONTRACT_MISSING if there is nothing to write */
export async function writeTypes(options: BuildOptions): Promise<WrittenTypes> {
  const { config, diagnostics } = await resolveConfig(options, { cwd: options.cwd ?? process.cwd() })
  const file = envTypesOf(config)
  if (file === undefined) {
    throw new BuildError('CONTRACT_MISSING', 'there is no contract that declares variables', {
      at: { file: config.contract?.file ?? config.projectDir },
      help: 'add "contract": { "env": { … } } to the configuration; `ingot trace` proposes one',
    })
  }
  const found = [...diagnostics, ...writeEnvTypes(config)]
  if (!existsSync(file)) throw new BuildError('CONTRACT_TYPES', found.at(-1)!.message, { at: { file } })
  return { file, variables: Object.keys(config.contract!.contract.env), diagnostics: found }
}
