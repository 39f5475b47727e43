// What a build takes: with empty caches, once more, and after an edit.

import { appendFileSync, mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'

import { succeed, type Project } from '../peers/peer.ts'
import { median } from '../sample.ts'
import type { Value } from './figure.ts'
import { shortened, type Available, type Built } from './subject.ts'

export interface BuildResults {
  readonly values: readonly Value[]
  readonly built: readonly Built[]
}

/** Builds the program with each of them, and says how long it took. */
export function buildEach(peers: readonly Available[], project: Project, rounds: number): BuildResults {
  const values: Value[] = []
  const built: Built[] = []
  const of = project.program.name
  for (const { peer, installed } of peers) {
    const { build, start, caches } = installed
    if (!build) {
      built.push({ peer, installed, project, file: undefined, ...start!(project) })
      continue
    }
    const file = path.join(project.directory, `out-${peer.name.replaceAll(/\W+/g, '-')}`)
    for (const cache of caches ?? []) {
      rmSync(cache, { recursive: true, force: true })
      mkdirSync(path.dirname(cache), { recursive: true })
    }
    try {
      const command = build(project, file)
      const begin = performance.now()
      succeed(command, project.directory)
      const value = (performance.now() - begin) / 1000
      if (caches) values.push({ figure: 'build-cold', of, peer: peer.name, value })
      built.push({ peer, installed, project, file, command: file, args: [] })
    } catch (error) {
      values.push({ figure: 'build-cold', of, peer: peer.name, error: shortened((error as Error).message) })
    }
  }
  const builders = built.filter(({ installed }) => installed.build)
  values.push(...sampled('build-warm', builders, rounds))
  const own = project.program.files[project.program.entry] === undefined ? undefined : project.program.entry
  if (own !== undefined) values.push(...sampled('build-edited', builders, rounds, own))
  return { values, built }
}

/** Who is slower has a single turn: more of them would say the same, and take most of the bench's time. */
const SLOW_MS = 2000

function sampled(
  figure: 'build-warm' | 'build-edited',
  builders: readonly Built[],
  rounds: number,
  edited?: string,
): Value[] {
  const times = builders.map((): number[] => [])
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < builders.length; i++) {
      const at = (i + round) % builders.length
      if ((times[at]![0] ?? 0) < SLOW_MS) times[at]!.push(timeOf(builders[at]!, edited))
    }
  }
  return builders.map(({ peer, project }, i) => ({
    figure,
    of: project.program.name,
    peer: peer.name,
    value: median(times[i]!) / 1000,
    extreme: Math.min(...times[i]!) / 1000,
  }))
}

function timeOf({ installed, project, file }: Built, edited: string | undefined): number {
  const { program, directory } = project
  if (edited !== undefined)
    for (const name of [edited, ...(program.go === undefined ? [] : ['go/main.go'])])
      appendFileSync(path.join(directory, name), `// edit ${performance.now()}\n`)
  const command = installed.build!(project, file!)
  const begin = performance.now()
  succeed(command, directory)
  return performance.now() - begin
}
