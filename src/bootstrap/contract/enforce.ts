// Refuses what is not in the contract. Not by node's own permission model: that takes its lists from the command line when
// the process boots, which for a frozen one is the build's; it follows links out of what it allows; and of sockets and
// programs it allows all or none. The places are the same: native functions, below everything that JavaScript can reach.

import { variableIn } from '../../format/contract-address.ts'
import type { Contract } from '../../format/contract.ts'
import type { ContractHost, EnforcementCode, Given } from '../contract.ts'
import type { Guarding } from './guard.ts'
import { guardFiles } from './guard-files.ts'
import { guardNetwork } from './guard-network.ts'
import { guardNode } from './guard-node.ts'
import { guardProcesses } from './guard-processes.ts'
import { guardDatabases } from './guard-databases.ts'
import { guardThreads } from './guard-threads.ts'
import { makePolicy, type Policy, type RealPath } from './policy.ts'
import { basename, dirname, joinPath, ReflectApply, resolvePath } from './primordials.ts'
import { createRefusal } from './refusal.ts'
import type { Variables } from './variables.ts'

/** In the environment of a child. */
const MARK = '\u0001INGOT_CONTRACT'

/** Before anything of the program, which could keep a function that asks nobody. */
export const enforce: EnforcementCode['enforce'] = ({ internals, manifest, job, shared }) => {
  const { contract } = manifest
  const text = shared.contract ?? takeMark()
  const given = text === undefined ? undefined : (JSON.parse(text) as Given)
  const { cwd } = process
  const workingDirectory = (): string => ReflectApply(cwd, process, [])
  const realPath = createRealPath(internals.fs)
  let policy: Policy | undefined
  let marks: readonly string[] = []
  const guarding: Guarding = {
    internals,
    policy: () => policy,
    refuse: createRefusal(internals),
    realPath,
    workingDirectory,
  }
  guardNode(guarding)
  guardDatabases(guarding)
  guardThreads(guarding, job !== undefined)
  guardNetwork(guarding)
  guardProcesses(guarding, () => marks)
  guardFiles(guarding)
  return {
    given,
    begin(variables, execPath) {
      const now: Given = given ?? {
        directory: workingDirectory(),
        variables: deciding(contract, variables),
        searchPath: process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
      }
      shared.contract = JSON.stringify({ ...now, execPath })
      const texts = Object.entries(now.variables).flatMap(([name, text]) =>
        text === null ? [] : [`${name}=${text}`],
      )
      marks = [`${MARK}=${JSON.stringify({ ...now, execPath: undefined })}`, ...texts]
      policy = makePolicy(contract, variables, {
        directory: now.directory,
        execPath,
        realPath,
        searchPath: now.searchPath,
      })
    },
  }
}

function takeMark(): string | undefined {
  const text = process.env[MARK]
  delete process.env[MARK]
  return text
}

/** The variables that paths and addresses name, with what they stand for. */
function deciding(
  { files, listen, connect }: Contract,
  { textOf }: Variables,
): Record<string, string | null> {
  const texts = [...files.read, ...files.write, ...listen, ...connect]
  const names = texts.flatMap((text) => variableIn(text)?.name ?? [])
  return Object.fromEntries(names.map((name) => [name, textOf(name) ?? null]))
}

/** As many links as Linux follows. */
const LINK_LIMIT = 40

/** @param binding before it is guarded */
function createRealPath({ realpath, readlink }: ContractHost['internals']['fs']): RealPath {
  const tried = (native: Function, file: string): string | undefined => {
    try {
      return native(file, 'utf8')
    } catch {
      return undefined
    }
  }
  const follow = (file: string, links: number): string => {
    const real = tried(realpath, file)
    if (real !== undefined) return real
    const parent = dirname(file)
    if (parent === file) return file
    const directory = follow(parent, links)
    // A link to what is not there yet: who opens it makes that.
    const target = links < LINK_LIMIT ? tried(readlink, file) : undefined
    return target === undefined
      ? joinPath(directory, basename(file))
      : follow(resolvePath(directory, target), links + 1)
  }
  return (file, followLast) =>
    followLast ? follow(file, 0) : joinPath(follow(dirname(file), 0), basename(file))
}
