// `ingot build --verify-reproducible`: builds once more, in another place and as in another world, and compares byte by
// byte. A frozen process is never the same twice (addresses, times, random numbers), and the headers of its file say where its
// pieces lie; so what is compared is the program as it starts cold.

import { mkdtempSync, realpathSync, renameSync, rmSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

import type { BuildOptions, BuildResult, Reproduction } from './base/build-result.ts'
import { BuildError } from './base/diagnostics.ts'
import type { Inputs } from './base/inputs.ts'
import { createStages } from './base/stages.ts'
import { buildElsewhere } from './build-elsewhere.ts'
import { buildEach, type TargetOutcome } from './build-each.ts'
import { buildTracked } from './build.ts'
import { compareExecutables, readExecutable, readRegions } from './inspect/read-executable.ts'
import { lookAtGit } from './known/git.ts'
import { firstDifference } from './reproduce/compare-files.ts'
import { sha256File } from './runtimes/hash.ts'

/**
 * Builds, and proves that another build gives the same bytes.
 * @throws BuildError also REPRODUCIBLE_DIFFERS, REPRODUCIBLE_NOT_BUILT; the executable of the first build is there then
 */
export async function buildReproducibly(options: BuildOptions): Promise<BuildResult> {
  const { result, inputs } = await buildTracked(options, lookAtGit)
  const work = mkdtempSync(path.join(realpathSync(tmpdir()), 'ingot-again-'))
  try {
    const reproduction = await createStages(options)('again', () => reproduce(options, result, inputs, work))
    return { ...result, reproduction }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** The same for each target, as `buildTargets`. */
export function buildTargetsReproducibly(options: BuildOptions): Promise<TargetOutcome[]> {
  return buildEach(options, buildReproducibly)
}

async function reproduce(
  options: BuildOptions,
  { out, start }: BuildResult,
  inputs: Inputs,
  work: string,
): Promise<Reproduction> {
  const wasAskedCold = start.kind === 'cold' && start.reason === undefined
  const { onStage: _onStage, signal, ...given } = options
  const cold: BuildOptions = { ...given, start: 'cold' }
  const here = wasAskedCold ? out : path.join(work, 'here')
  if (!wasAskedCold) await buildTracked({ ...cold, out: here, ...(signal && { signal }) }, lookAtGit)
  const there = await buildElsewhere(cold, inputs, work, signal)
  const offset = firstDifference(here, there)
  if (offset !== undefined) throw await difference({ here, there, offset, out })
  const { reproducible, size } = readExecutable(here)
  return {
    sha256: await sha256File(here),
    size,
    frozenLeftOut: start.kind === 'frozen',
    unless: reproducible.unless,
  }
}

interface Difference {
  readonly here: string
  readonly there: string
  readonly offset: number
  readonly out: string
}

async function difference({ here, there, offset, out }: Difference): Promise<BuildError> {
  const { place, help } = whereDiffering(here, there, offset)
  const kept = await keepBoth(here, there, out)
  return new BuildError('REPRODUCIBLE_DIFFERS', `a second build gives other bytes: ${place}`, {
    at: { file: kept.first, offset },
    help: `${help}; ingot diff ${kept.first} ${kept.second} shows all that differs`,
  })
}

const OURS = 'this is a bug in Ingot, unless the runtime has changed in between: please report it'

function whereDiffering(here: string, there: string, offset: number): { place: string; help: string } {
  const { part, name, fileOffset } = readRegions(here).findLast((region) => region.fileOffset <= offset)!
  const first = `first in ${part === name ? part : `${part} of ${name}`}, at its byte ${offset - fileOffset}`
  // The index and the headers, which come first, only say where the rest lies and what hash it has.
  const { files, facts } = compareExecutables(here, there)
  const [changed] = files.changed
  const [other] = [...files.added, ...files.removed]
  if (other) {
    return {
      place: `${other.path} is in one of them only (${first})`,
      help: 'look at what chooses the files',
    }
  }
  if (changed) {
    return {
      place: `the content of ${changed.name} differs (${first})`,
      help: 'look for a time, a path or a random number in what it is made of: define, the configuration, a generated file',
    }
  }
  const [fact] = facts
  if (fact) {
    return {
      place: `${fact.name} is ${fact.before} and ${fact.after} (${first})`,
      help: 'look at what the configuration computes from the time, the place or the environment',
    }
  }
  return { place: first, help: OURS }
}

/** The files that were compared, where they can be looked at: beside the executable. */
async function keepBoth(
  here: string,
  there: string,
  out: string,
): Promise<{ first: string; second: string }> {
  const second = `${out}.again`
  await move(there, second)
  if (here === out) return { first: out, second }
  const first = `${out}.cold`
  await move(here, first)
  return { first, second }
}

async function move(from: string, to: string): Promise<void> {
  try {
    renameSync(from, to)
  } catch {
    await copyFile(from, to) // the temporary directory is on another file system
  }
}
