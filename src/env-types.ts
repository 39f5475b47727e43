// What TypeScript knows of `env` of ingot/runtime: a declaration file beside the configuration, made of its contract.
// It is written when it would be another one, and so may be under version control.

import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

import type { Diagnostic } from './base/diagnostics.ts'
import { above } from './config/config-inputs.ts'
import type { ResolvedConfig } from './config/config.ts'
import type { Contract, VariableRule } from './format/contract.ts'
import { writeText } from './output/write-text.ts'

const ENV_TYPES = 'ingot-env.d.ts'

/** Where it is, for a program with a contract that declares variables. */
export function envTypesOf({ contract }: Pick<ResolvedConfig, 'contract'>): string | undefined {
  const isNeeded = contract && Object.keys(contract.contract.env).length > 0
  return isNeeded ? path.join(path.dirname(contract.file), ENV_TYPES) : undefined
}

/** @returns what there is to say about it: a project that may not be written to is built all the same */
export function writeEnvTypes(config: Pick<ResolvedConfig, 'contract'>): Diagnostic[] {
  const file = envTypesOf(config)
  if (file === undefined) return []
  const { contract, file: configFile } = config.contract!
  const text = renderEnvTypes(contract, {
    source: path.basename(configFile),
    // Every program has the module, but TypeScript finds it only where the package is.
    isInstalled: above(file, 'node_modules/ingot/package.json').some((each) => existsSync(each)),
  })
  try {
    if (existsSync(file) && readFileSync(file, 'utf8') === text) return []
    writeText(file, text, 'declaration file')
    return []
  } catch (cause) {
    return [
      {
        severity: 'warning',
        code: 'CONTRACT_TYPES',
        message: `the types of the contract cannot be written: ${(cause as Error).message}`,
        at: { file },
        help: 'let the build write there, or write them elsewhere with `ingot types` and put the file under version control',
      },
    ]
  }
}

/**
 * @param source name of the file that has the contract
 * @param isInstalled the module has types already, which are added to
 */
function renderEnvTypes(
  { env }: Contract,
  { source, isInstalled }: { readonly source: string; readonly isInstalled: boolean },
): string {
  const fields = Object.entries(env).map(([name, rule]) => {
    const comment = commentOf(rule)
    const isAlways = rule.required || rule.default !== undefined
    const type = `${typeOf(rule)}${isAlways || rule.type === 'json' ? '' : ' | undefined'}`
    return `${comment === undefined ? '' : `    /** ${comment} */\n`}    readonly ${name}: ${type}\n`
  })
  const parts = [
    `// Written by Ingot from the contract in ${source}: what \`env\` of ingot/runtime has.\n\n`,
    ...(isInstalled ? [`import 'ingot/runtime'\n\n`] : []),
    `declare module 'ingot/runtime' {\n  interface Env {\n${fields.join('')}  }\n`,
    ...(isInstalled ? [] : [REST]),
    '}\n',
  ]
  return parts.join('')
}

/** Of src/runtime.ts, for a project that has no types of it. */
const REST = `  const env: Env
  function ready(): Promise<void>
  function onThaw(callback: () => void): void
  const buildInfo:
    | {
        readonly ingot: string
        readonly program: { readonly name?: string; readonly version?: string }
        readonly vcs?: { readonly commit: string; readonly dirty: boolean }
        readonly [name: string]: any
      }
    | undefined
`

function commentOf({ description, type, default: value, secret }: VariableRule): string | undefined {
  const unit = type === 'duration' ? 'in milliseconds' : type === 'bytes' ? 'in bytes' : undefined
  const byDefault = value === undefined || secret ? undefined : `default: ${value}`
  const parts = [description, unit, byDefault].filter((part) => part !== undefined)
  return parts.length === 0 ? undefined : parts.join('; ').replaceAll('*/', '* /').replaceAll(/\s+/g, ' ')
}

function typeOf({ type, values }: VariableRule): string {
  switch (type) {
    case 'string':
    case 'boolean':
      return type
    case 'number':
    case 'integer':
    case 'port':
    case 'duration':
    case 'bytes':
      return 'number'
    case 'url':
      return 'URL'
    case 'json':
      return 'unknown'
    case 'enum':
      return (values ?? []).map((value) => JSON.stringify(value)).join(' | ')
  }
}
