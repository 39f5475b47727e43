// From a contract, and what the user says of this deployment, to what all formats render.

import { BuildError, type Diagnostic } from '../base/diagnostics.ts'
import { nearest } from '../base/nearest.ts'
import type { BuildInfo } from '../format/build-info.ts'
import { addressOf, variableIn, type Address } from '../format/contract-address.ts'
import { pathOf } from '../format/contract-path.ts'
import type { Contract, VariableRule } from '../format/contract.ts'
import type { FuseSettings } from '../format/fuses.ts'
import { expectationOf, parseVariable } from '../format/variable-value.ts'
import { directoryOf, isBelow, nameOf, type Deployment, type Format, type Port } from './deployment.ts'

export interface Subject {
  /** The executable as it is called here. */
  readonly file: string
  readonly contract: Contract | undefined
  readonly info: Pick<BuildInfo, 'program' | 'external'>
  readonly fuses: FuseSettings
}

/** What no executable knows. */
export interface Given {
  readonly name?: string
  /** Where the executable is on the machine that it is deployed to. */
  readonly path?: string
  readonly args?: readonly string[]
  /** Values of variables. */
  readonly env?: Readonly<Record<string, string>>
}

export interface Plan {
  readonly deployment: Deployment
  readonly diagnostics: readonly Diagnostic[]
}

const NO_CONTRACT: Contract = {
  enforce: false,
  env: {},
  files: { read: [], write: [] },
  listen: [],
  connect: [],
  run: [],
  workers: true,
  native: true,
  services: {},
}

/** @throws BuildError DEPLOY_NAME, DEPLOY_PATH, DEPLOY_SECRET, DEPLOY_VALUE, DEPLOY_VARIABLE */
export function planDeployment(
  subject: Subject,
  given: Given,
  format: Pick<Format, 'workingDirectory' | 'secretFile'>,
): Plan {
  const { file, contract = NO_CONTRACT, info, fuses } = subject
  const name = serviceName(given.name, info.program.name ?? nameOf(file))
  const directory = format.workingDirectory(name)
  const executable = given.path ?? `/usr/local/bin/${nameOf(file)}`
  if (!executable.startsWith('/') || /[\0\r\n]/.test(executable)) {
    throw new BuildError('DEPLOY_PATH', `${JSON.stringify(executable)} is no absolute path`, {
      help: 'pass the path that the executable will have on the machine that it is deployed to',
    })
  }
  for (const arg of given.args ?? []) requireText(arg, 'an argument')
  const rules = Object.entries(contract.env)
  const isFile = new Set(contract.files.read.flatMap((text) => variableIn(text)?.name ?? []))
  const isSecretFile = ([name, rule]: [string, VariableRule]) =>
    rule.secret && rule.required && isFile.has(name)
  const secretFiles = rules.filter(isSecretFile)
  const secrets = rules.filter((each) => each[1].secret && !isSecretFile(each))
  const values = valuesOf(contract, given.env ?? {})
  for (const [variable] of secretFiles) values.set(variable, format.secretFile(name, variable))

  const textOf = (variable: string) => values.get(variable)
  const pathsOf = (texts: readonly string[]) =>
    unique(texts.flatMap((text) => pathOf(text, directory, textOf) ?? []))
  const secretPaths = new Set(secretFiles.map(([variable]) => values.get(variable)))
  const isFree = (variable: string) => contract.env[variable]!.type === 'port' && !given.env?.[variable]
  const addresses = contract.listen.map((text) => addressOf(contract, text)({ textOf }))
  const listens = addresses.map((address, i) => portOf(contract.listen[i]!, address, isFree))
  const sockets = addresses.flatMap((each) => (each?.kind === 'unix' ? directoryOf(each.path) : []))
  const writes = outermost([
    // Of its own directory the program may make what it will.
    ...pathsOf(contract.files.write).map((each) => (isBelow(each, directory) ? directory : each)),
    ...sockets,
    ...(subject.contract ? [] : [directory]),
  ])
  const connects = contract.connect.map((text) => addressOf(contract, text)({ textOf }))
  const described = (variable: string) => ({
    name: variable,
    description: descriptionOf(contract, variable),
  })
  const deployment: Deployment = {
    name,
    version: info.program.version,
    executable,
    args: given.args ?? [],
    hasContract: subject.contract !== undefined,
    variables: [...values].map(([variable, value]) => ({ ...described(variable), value })),
    unset: rules
      .filter(([variable, rule]) => !rule.secret && !values.has(variable))
      .map(([variable]) => described(variable)),
    secrets: secrets.map(([variable, { required }]) => ({ ...described(variable), required })),
    secretFiles: secretFiles.map(([variable]) => described(variable)),
    directory,
    reads: pathsOf(contract.files.read).filter(
      (each) => !secretPaths.has(each) && !writes.some((directory) => isBelow(each, directory)),
    ),
    writes,
    ports: withNames(listens.filter((each) => typeof each === 'object')),
    hasUnknownPorts: !subject.contract || listens.includes('unknown'),
    connects: connects.filter((address) => address !== undefined),
    hasUnknownConnects: !subject.contract || connects.includes(undefined),
    run: contract.run,
    loadsFromDisk: fuses.codeFromDisk && info.external.length > 0,
  }
  return { deployment, diagnostics: findingsOf(subject, deployment, contract) }
}

const LABEL = /^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/

function serviceName(given: string | undefined, known: string): string {
  const name = given ?? labelOf(known.replace(/^@[^/]*\//, ''), 63)
  if (LABEL.test(name)) return name
  throw new BuildError('DEPLOY_NAME', `${JSON.stringify(given ?? known)} cannot be the name of a service`, {
    help: 'pass one with --name: lower case letters, digits and "-", and a letter first',
  })
}

function labelOf(text: string, length: number): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^[-0-9]+/, '')
    .slice(0, length)
    .replace(/-+$/, '')
}

/** Of all variables that are no secret and have a value. */
function valuesOf({ env }: Contract, given: Readonly<Record<string, string>>): Map<string, string> {
  for (const [name, text] of Object.entries(given)) checkValue(env, name, text)
  const values = new Map<string, string>()
  const missing: string[] = []
  for (const [name, rule] of Object.entries(env)) {
    const value = given[name] ?? rule.default
    if (rule.secret) continue
    if (value !== undefined) values.set(name, value)
    else if (rule.required) missing.push(name)
  }
  if (missing.length > 0) {
    throw new BuildError('DEPLOY_VALUE', `the contract requires ${missing.join(', ')}, without a default`, {
      help: `pass ${missing.map((name) => `--env ${name}=${expectationOf(env[name]!).example}`).join(' ')}`,
    })
  }
  for (const [name, text] of Object.entries(given)) values.set(name, text)
  for (const [name, text] of values) requireText(text, `the value of ${name}`)
  return values
}

function checkValue(env: Contract['env'], name: string, text: string): void {
  const rule: VariableRule | undefined = Object.hasOwn(env, name) ? env[name] : undefined
  if (rule?.secret) {
    throw new BuildError(
      'DEPLOY_SECRET',
      `${name} is a secret: its value does not belong into a file of a deployment`,
      {
        help: 'leave it out: the file says where secrets are put',
      },
    )
  }
  if (rule && parseVariable(rule, text) === undefined) {
    const { what, example } = expectationOf(rule)
    throw new BuildError('DEPLOY_VALUE', `${JSON.stringify(text)}, for ${name}, is no ${what}`, {
      help: `write it like ${name}=${example}`,
    })
  }
  // Others may be node's own, or a library's: NODE_ENV, TZ.
  const meant = rule ? undefined : nearest(name, Object.keys(env))
  if (meant !== undefined || !/^[A-Za-z_]\w*$/.test(name)) {
    throw new BuildError('DEPLOY_VARIABLE', `the contract declares no variable ${JSON.stringify(name)}`, {
      help: meant === undefined ? 'names have letters, digits and "_"' : `did you mean ${meant}?`,
    })
  }
}

function requireText(text: string, what: string): void {
  if (!/(?![\t\n])\p{Cc}/u.test(text)) return
  throw new BuildError('DEPLOY_VALUE', `${what} has control characters`, {
    help: 'files of deployments are text: let the program read such a value from a file',
  })
}

function descriptionOf({ env, services }: Contract, variable: string): string | undefined {
  const own = Object.hasOwn(env, variable) ? env[variable]?.description : undefined
  if (own !== undefined) return own
  const [service, { description } = {}] =
    Object.entries(services).find(([, each]) => each.env === variable) ?? []
  return description ?? service
}

function portOf(
  text: string,
  address: Address | undefined,
  isFree: (variable: string) => boolean,
): Omit<Port, 'name'> | 'unknown' | 'none' {
  if (address?.kind === 'unix') return 'none'
  if (address?.kind !== 'port' || address.port === 0) return 'unknown'
  const variable = variableIn(text)?.name
  const isFixed = variable === undefined || !isFree(variable)
  return { port: address.port, host: address.host, variable, isFixed }
}

const PORT_NAME_LENGTH = 15

/** Each port once: a contract may name it for several addresses. */
function withNames(listed: readonly Omit<Port, 'name'>[]): Port[] {
  const taken = new Set<string>()
  const ports = listed.filter((each, i) => listed.findIndex(({ port }) => port === each.port) === i)
  return ports.map((each) => {
    const hosts = new Set(listed.filter(({ port }) => port === each.port).map(({ host }) => host))
    const host = hosts.size === 1 ? each.host : undefined
    const wanted = labelOf(each.variable ?? '', PORT_NAME_LENGTH)
    const name = wanted === '' || taken.has(wanted) ? `port-${each.port}` : wanted
    taken.add(name)
    return { ...each, name, host }
  })
}

function findingsOf(
  { file, contract }: Subject,
  { hasUnknownPorts }: Deployment,
  { listen }: Contract,
): Diagnostic[] {
  if (!contract) {
    return [
      {
        severity: 'warning',
        code: 'DEPLOY_NO_CONTRACT',
        message: 'the program has no contract: nothing is known of its variables, files, ports and hosts',
        at: { file },
        help: 'add a "contract" to its configuration; `ingot trace` proposes one',
      },
    ]
  }
  if (!hasUnknownPorts) return []
  const names = listen.flatMap((text) => variableIn(text)?.name ?? [])
  return [
    {
      severity: 'warning',
      code: 'DEPLOY_PORT',
      message: `on which port it listens is known only when it runs (${listen.join(', ')})`,
      at: { file },
      help: names.length === 0 ? 'write a port into the contract' : `pass --env ${names[0]}=8080`,
    },
  ]
}

function outermost(paths: readonly string[]): string[] {
  return unique(paths).filter((file) => !paths.some((other) => other !== file && isBelow(file, other)))
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)].toSorted()
}
