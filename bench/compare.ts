// Everybody against everybody: the table of contents of `npm run bench`. A program at a time, as executables are
// large; what a peer cannot do is written down, and the others go on.

import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'

import { buildEach } from './figures/build.ts'
import type { FigureName, Value } from './figures/figure.ts'
import { filesWritten } from './figures/files-written.ts'
import { places } from './figures/places.ts'
import { servers } from './figures/server.ts'
import { sizes } from './figures/size.ts'
import { starts } from './figures/start.ts'
import { faultOf, shortened, type Available, type Built } from './figures/subject.ts'
import { machine } from './machine.ts'
import { PEERS } from './peers/all.ts'
import { startMirror, type Mirror } from './peers/node-mirror.ts'
import type { Peer } from './peers/peer.ts'
import { PROGRAMS, writeProgram, type Program } from './programs.ts'
import type { Comparison, PeerResult } from './report.ts'

export interface CompareOptions {
  readonly work: string
  readonly node: string
  /** Of starts. */
  readonly rounds: number
  /** Names of peers and programs; all by default. */
  readonly only: readonly string[]
  readonly log: (line: string) => void
}

/** Builds and servers take longer than starts, and vary less. */
const roundsOfBuilds = (rounds: number): number => Math.max(1, Math.round(rounds / 5))
const roundsOfServers = (rounds: number): number => Math.max(1, Math.round(rounds / 6))

export async function compare(options: CompareOptions): Promise<Comparison> {
  const { only, rounds, log } = options
  const begin = performance.now()
  const where = machine()
  const chosen = <T extends { readonly name: string }>(all: readonly T[]): readonly T[] => {
    const some = all.filter(({ name }) => only.includes(name))
    return some.length > 0 ? some : all
  }
  const values: Value[] = []
  const { available, peers } = await installEach(chosen(PEERS), options)
  for (const program of chosen(PROGRAMS)) {
    log(`${program.name} (${minutesSince(begin).toFixed(1)} minutes so far)`)
    values.push(...(await compareProgram(program, available, options)))
  }
  return { machine: where, rounds, minutes: minutesSince(begin), peers, values }
}

function minutesSince(begin: number): number {
  return (performance.now() - begin) / 60_000
}

async function installEach(
  peers: readonly Peer[],
  { work, node, log }: CompareOptions,
): Promise<{ available: Available[]; peers: PeerResult[] }> {
  const available: Available[] = []
  const results: PeerResult[] = []
  const mirrorOnce = oneMirror(path.join(work, 'mirror'))
  for (const peer of peers) {
    const { name, about, isReference = false } = peer
    log(`install ${name}`)
    const directory = path.join(work, 'peers', name.replaceAll(/\W+/g, '-'))
    mkdirSync(directory, { recursive: true })
    try {
      const installed = await peer.install({ directory, node, mirror: mirrorOnce })
      available.push({ peer, installed })
      results.push({ name, about, isReference, version: installed.version })
    } catch (error) {
      results.push({ name, about, isReference, error: shortened((error as Error).message) })
    }
  }
  return { available, peers: results }
}

/** Started by who asks first; ends with this process. */
function oneMirror(directory: string): () => Promise<string> {
  let mirror: Promise<Mirror> | undefined
  return async () => {
    if (!mirror) {
      mkdirSync(directory)
      mirror = startMirror(directory)
    }
    const { address, close } = await mirror
    process.once('exit', close)
    return address
  }
}

async function compareProgram(
  program: Program,
  available: readonly Available[],
  { work, rounds, log }: CompareOptions,
): Promise<Value[]> {
  const directory = path.join(work, program.name)
  await writeProgram(program, directory)
  const project = { program, directory }
  log('  builds')
  const builds = buildEach(available, project, roundsOfBuilds(rounds))
  const { working, faults } = whatWorks(builds.built, program)
  const values = [...builds.values, ...faults]
  const measure = async (name: string, figure: FigureName, take: () => Value[] | Promise<Value[]>) => {
    log(`  ${name}`)
    try {
      values.push(...(await take()))
    } catch (error) {
      values.push({ figure, of: program.name, peer: 'all', error: shortened((error as Error).message) })
    }
  }
  await measure('starts', 'start', () => starts(working, program, rounds))
  if (program.isServer)
    await measure('servers', 'throughput', () => servers(working, roundsOfServers(rounds)))
  await measure('files written', 'files-written', () => filesWritten(working, program))
  await measure('places', 'places', () => places(working, program))
  await measure('sizes', 'size', () => sizes(working))
  rmSync(directory, { recursive: true, force: true })
  return values
}

/** An executable that was made and does something else, or nothing, is not measured. */
function whatWorks(built: readonly Built[], program: Program): { working: Built[]; faults: Value[] } {
  const working: Built[] = []
  const faults: Value[] = []
  for (const one of built.filter(({ peer }) => !peer.onlyBuilds)) {
    const error = faultOf(one, program)
    if (error === undefined) working.push(one)
    else faults.push({ figure: 'start', of: program.name, peer: one.peer.name, error })
  }
  return { working, faults }
}
