// What a traced run says about a contract: one that allows what the program did, or what it did beyond the one that it
// has. A run seldom shows everything, so the proposal is a beginning.

import path from 'node:path'

import type { Diagnostic, Place } from '../base/diagnostics.ts'
import type { TraceFile } from '../base/trace-file.ts'
import type { Contract, UserContract, UserVariable } from '../config/config.ts'
import { addressOf, parseAddress, type Address } from '../format/contract-address.ts'
import { pathOf } from '../format/contract-path.ts'
import { placeOf } from './compare-trace.ts'

export interface TracedPlace {
  /** Names in the trace are relative to it. */
  readonly projectDir: string
  /** In which the program ran. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

export function proposeContract(
  trace: TraceFile,
  { projectDir }: Pick<TracedPlace, 'projectDir'>,
): UserContract {
  const { variables, reads, writes, listens, connects, programs } = needsOf(trace, projectDir)
  const files = {
    ...(reads.length > 0 && { read: unique(reads) }),
    ...(writes.length > 0 && { write: unique(writes) }),
  }
  return {
    ...(variables.length > 0 && {
      env: Object.fromEntries(variables.map(({ what }) => [what, guess(what)])),
    }),
    ...(Object.keys(files).length > 0 && { files }),
    ...(listens.length > 0 && {
      listen: unique(listens).map((text) => (/^\d+$/.test(text) ? Number(text) : text)),
    }),
    ...(connects.length > 0 && { connect: unique(connects) }),
    ...(programs.length > 0 && { run: unique(programs) }),
    ...(trace.libraries.length > 0 && { native: true }),
  }
}

/** What the program did, and its contract does not have. */
export function beyondContract(trace: TraceFile, contract: Contract, place: TracedPlace): Diagnostic[] {
  const { variables, reads, writes, listens, connects, programs } = needsOf(trace, place.projectDir)
  const textOf = (name: string) => place.env[name] || contract.env[name]?.default
  const roots = (texts: readonly string[]) => texts.flatMap((text) => pathOf(text, place.cwd, textOf) ?? [])
  const addresses = (texts: readonly string[]) =>
    texts.flatMap((text) => addressOf(contract, text)({ textOf }) ?? [])
  const [read, write] = [roots(contract.files.read), roots(contract.files.write)]
  const isBelow = (file: string, directories: readonly string[]) =>
    directories.some((each) => each === '/' || file === each || file.startsWith(`${each}/`))
  const isNamed = (text: string, list: readonly Address[]) => {
    const wanted = parseAddress(text)
    return list.some((each) => wanted !== undefined && covers(each, wanted))
  }
  const [listen, connect] = [addresses(contract.listen), addresses(contract.connect)]
  const usesVariables = Object.keys(contract.env).length > 0
  return [
    ...(usesVariables ? variables : [])
      .filter(({ what }) => !Object.hasOwn(contract.env, what))
      .map((need) => finding(need, `reads the variable ${need.what}`, 'declare it under env')),
    ...reads
      .filter(({ what }) => !isBelow(what, [...read, ...write]))
      .map((need) => finding(need, `reads ${need.what}`, 'add it to files.read')),
    ...writes
      .filter(({ what }) => !isBelow(what, write))
      .map((need) => finding(need, `writes in ${need.what}`, 'add it to files.write')),
    ...listens
      .filter(({ what }) => !isNamed(what, listen))
      .map((need) => finding(need, `listens on ${need.what}`, 'add it to listen')),
    ...connects
      .filter(({ what }) => !isNamed(what, connect))
      .map((need) => finding(need, `connects to ${need.what}`, 'add it to connect')),
    ...programs
      .filter(({ what }) => !contract.run.includes(what))
      .map((need) => finding(need, `starts ${need.what}`, 'add it to run')),
  ]
}

interface Need {
  readonly what: string
  readonly at?: Place
}

function needsOf(trace: TraceFile, projectDir: string) {
  const need = (what: string, used: { readonly at?: string }): Need => ({
    what,
    ...placeOf(used, { projectDir }),
  })
  const absolute = (file: string) => path.resolve(projectDir, file)
  // Packages ask for many that nobody sets.
  const isOwn = ({ at }: { readonly at?: string }) => at === undefined || !at.includes('node_modules/')
  const ofHost = [...trace.files, ...trace.directories].filter(({ from }) => from === 'host')
  return {
    variables: trace.variables
      .filter((one) => one.name !== '*' && isOwn(one))
      .map((one) => need(one.name, one)),
    reads: ofHost.map((one) => need(absolute(one.file), one)),
    writes: trace.written.map((one) => need(absolute(one.directory), one)),
    listens: trace.listening.map((one) => need(asWritten(one.address, true), one)),
    connects: trace.connections.map((one) => need(asWritten(one.address, false), one)),
    programs: trace.processes.map((one) => need(one.file.includes('/') ? absolute(one.file) : one.file, one)),
  }
}

/** As a contract writes it. */
function asWritten(traced: string, listens: boolean): string {
  const text = traced.replace(/^udp /, '')
  if (text.startsWith('/')) return `unix:${text}`
  const [, port] = /^(?:0\.0\.0\.0|\[::\]):(\d+)$/.exec(text) ?? []
  return listens && port !== undefined ? port : text
}

function covers(rule: Address, wanted: Address): boolean {
  if (rule.kind === 'unix' || wanted.kind === 'unix')
    return rule.kind === 'unix' && wanted.kind === 'unix' && rule.path === wanted.path
  if (rule.kind === 'host') return rule.host === wanted.host
  const isPort = wanted.kind === 'port' && wanted.port === rule.port
  return isPort && (rule.host === undefined || rule.host === wanted.host)
}

/** By its name, as nothing else is known. */
function guess(name: string): UserVariable | 'string' | 'port' {
  if (/(?:^|_)PORT$/.test(name)) return 'port'
  const isUrl = /(?:^|_)(?:URL|URI|DSN)$/.test(name)
  const isSecret = isUrl || /(?:SECRET|TOKEN|PASSWORD|PASS|KEY)$/.test(name)
  if (!isSecret) return 'string'
  return { ...(isUrl && { type: 'url' }), secret: true }
}

function finding({ at }: Need, what: string, help: string): Diagnostic {
  return {
    severity: 'warning',
    code: 'CONTRACT_BEYOND',
    message: `the program ${what}, which its contract does not have`,
    ...(at && { at }),
    help,
  }
}

function unique(needs: readonly Need[]): string[] {
  return [...new Set(needs.map(({ what }) => what))]
}
