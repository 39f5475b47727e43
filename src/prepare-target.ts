// What a program will run on: node, the libraries that it needs, and the base image of both.

import { HOST, isLinux, type Target } from './base/targets.ts'
import type { ResolvedConfig } from './config/config.ts'
import { prepareBase, type PreparedBase } from './prepare-base.ts'
import { resolveLibraries } from './runtimes/debian.ts'
import { emulatedNode } from './runtimes/emulated-node.ts'
import type { NodeCommand, NodeTools } from './runtimes/node-command.ts'
import { resolveRuntime } from './runtimes/node.ts'
import type { Runtime, SystemLibraries } from './runtimes/runtime.ts'

export interface PreparedTarget {
  readonly runtime: Runtime
  readonly tools: NodeTools
  /** Of linux; elsewhere node uses those of the system. */
  readonly libraries: SystemLibraries | undefined
  readonly base: PreparedBase
}

export async function prepareTarget(
  { runtime: request, target, projectDir }: Pick<ResolvedConfig, 'runtime' | 'target' | 'projectDir'>,
  cache: string,
): Promise<PreparedTarget> {
  const runtime = await resolveRuntime(request, target, { projectDir })
  const libraries = isLinux(target) ? await resolveLibraries(target, { projectDir }) : undefined
  const emulated = isLinux(target) && libraries ? emulatedNode(runtime, libraries, target) : undefined
  const tools = await findTools({ runtime, emulated }, target, projectDir)
  const base = await prepareBase({ target, runtime, tools, libraries }, cache)
  return { runtime, tools, libraries, base }
}

/** What node has to do for a build, a node of the same version does here. */
async function findTools(
  { runtime, emulated }: { runtime: Runtime; emulated: NodeCommand | undefined },
  target: Target,
  projectDir: string,
): Promise<NodeTools> {
  if (target === HOST) return { here: [runtime.file], target: [runtime.file] }
  const version = { kind: 'npm', version: runtime.version } as const
  const { file } = await resolveRuntime(version, HOST ?? 'linux-x64', { projectDir })
  return { here: [file], target: emulated }
}
