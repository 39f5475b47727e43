// The contract that a user wrote, with all defaults filled in and everything checked that a build can know.

import { BuildError, type Place } from '../base/diagnostics.ts'
import { nearest } from '../base/nearest.ts'
import type { Contract, VariableRule } from '../format/contract.ts'
import { addressIn, parseAddress, variableIn } from '../format/contract-address.ts'
import { expectationOf, parseVariable } from '../format/variable-value.ts'
import type { UserContract, UserVariable } from './config.ts'

type GivenVariable = NonNullable<UserContract['env']>[string]

/**
 * @param at the file to name in errors
 * @throws BuildError CONTRACT_…
 */
export function resolveContract(given: UserContract, at: Place): Contract {
  const env = Object.fromEntries(
    Object.entries(given.env ?? {}).map(([name, variable]) => [name, variableRule(name, variable, at)]),
  )
  const { enforce = false, files = {}, run = [] } = given
  const services = Object.entries(given.services ?? {}).map(([name, service]) => {
    const { env: variable, description } = typeof service === 'string' ? { env: service } : service
    return [name, { env: variable.replace(/^\$/, ''), description }] as const
  })
  const contract: Contract = {
    enforce,
    env,
    files: { read: files.read ?? [], write: files.write ?? [] },
    listen: (given.listen ?? []).map(String),
    connect: given.connect ?? [],
    run,
    workers: given.workers ?? !enforce,
    native: given.native ?? !enforce,
    services: Object.fromEntries(services),
  }
  for (const [where, texts] of Object.entries({
    'files.read': contract.files.read,
    'files.write': contract.files.write,
    listen: contract.listen,
    connect: contract.connect,
  }))
    for (const text of texts) checkReference(where, text, env, at)
  for (const [name, service] of services) requireDeclared(`services.${name}`, service.env, env, at)
  for (const program of run) checkProgram(program, at)
  return contract
}

const NAME = /^[A-Za-z_]\w*$/

function variableRule(name: string, given: GivenVariable, at: Place): VariableRule {
  if (!NAME.test(name))
    throw invalid(`env."${name}" is no name of a variable`, 'use letters, digits and "_"', at)
  const variable: UserVariable =
    typeof given === 'string' ? { type: given } : Array.isArray(given) ? { values: given } : given
  const { values, required = false, secret = false, description } = variable
  const type = variable.type ?? (values ? 'enum' : 'string')
  if ((type === 'enum') !== (values !== undefined)) {
    throw invalid(
      type === 'enum' ? `env.${name} has no values` : `env.${name} has values, and is no enum`,
      type === 'enum' ? `write ${name}: ['a', 'b']` : 'remove the type, or the values',
      at,
    )
  }
  const rule: VariableRule = {
    type,
    values,
    default: variable.default === undefined ? undefined : textOf(variable.default),
    required,
    secret,
    description,
  }
  if (rule.default === undefined) return rule
  if (required) {
    throw new BuildError('CONTRACT_REQUIRED_DEFAULT', `env.${name} is required and has a default`, {
      at,
      help: 'remove one of both: what has a default need not be set',
    })
  }
  if (parseVariable(rule, rule.default) === undefined) {
    const shown = secret ? '' : ` ${JSON.stringify(variable.default)}`
    const { what, example } = expectationOf(rule)
    throw new BuildError('CONTRACT_DEFAULT', `the default${shown} of env.${name} is no ${what}`, {
      at,
      help: `write a default like ${JSON.stringify(example)}, or correct the type`,
    })
  }
  return rule
}

/** As it would be written in the environment. */
function textOf(value: NonNullable<UserVariable['default']>): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function checkReference(
  where: string,
  text: string,
  env: Readonly<Record<string, VariableRule>>,
  at: Place,
): void {
  const variable = variableIn(text)
  const isFile = where.startsWith('files.')
  if (variable) {
    const rule = requireDeclared(where, variable.name, env, at)
    if (isFile ? variable.rest !== '' && !variable.rest.startsWith('/') : variable.rest !== '')
      throw invalid(`"${text}" in ${where} has something behind its variable`, 'write the variable alone', at)
    if (isFile || rule.default === undefined || addressIn(rule, rule.default)) return
    throw invalid(
      `the default of $${variable.name} is no address, and ${where} needs one`,
      'give it the type "port" or "url"',
      at,
    )
  }
  if (isFile) {
    if (text.includes('\0') || text.startsWith('~'))
      throw invalid(`"${text}" in ${where} is no path`, 'write an absolute path, or $HOME/…', at)
    return
  }
  const address = parseAddress(text)
  const isRight =
    address && (where === 'connect' ? address.kind !== 'port' || address.host : address.kind !== 'host')
  if (isRight) return
  throw invalid(
    `"${text}" in ${where} is no address`,
    where === 'connect'
      ? 'write "host:port", "host", "unix:/path" or "$NAME"'
      : 'write a port, "host:port", "unix:/path" or "$NAME"',
    at,
  )
}

function requireDeclared(
  where: string,
  name: string,
  env: Readonly<Record<string, VariableRule>>,
  at: Place,
): VariableRule {
  const rule = Object.hasOwn(env, name) ? env[name] : undefined
  if (rule) return rule
  const meant = nearest(name, Object.keys(env))
  throw new BuildError('CONTRACT_VARIABLE', `${where} names $${name}, which env does not declare`, {
    at,
    help: meant === undefined ? `declare it: env: { ${name}: { … } }` : `did you mean $${meant}?`,
  })
}

function checkProgram(program: string, at: Place): void {
  if (/^[^/\0]+$/.test(program) || program.startsWith('/')) return
  throw invalid(`"${program}" in run is no program`, 'write a name, or an absolute path', at)
}

function invalid(message: string, help: string, at: Place): BuildError {
  return new BuildError('CONTRACT_INVALID', message, { at, help })
}
