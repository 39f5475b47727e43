// What a program will run on: node, the libraries that it needs, and the base image of both.

import { HOST, isLinux, type Target } from './base/targets.ts'
import type { ResolvedConfig } from './config/config.ts'
import { WITHOUT_EXPORTS } from './format/fuses.ts'
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
  config: Pick<ResolvedConfig, 'runtime' | 'target' | 'projectDir' | 'icu' | 'fuses'>,
  cache: string,
): Promise<PreparedTarget> {
  const { runtime: request, target, projectDir, icu } = config
  const wanted = await resolveRuntime(request, target, { projectDir })
  const libraries = isLinux(target) ? await resolveLibraries(target, { projectDir }) : undefined
  const emulated = isLinux(target) && libraries ? emulatedNode(wanted, libraries, target) : undefined
  const { tools, license } = await findTools({ runtime: wanted, emulated }, target, projectDir)
  // Some packages come without: the text is that of the version, whatever the platform.
  const runtime = { ...wanted, license: wanted.license ?? license }
  const isWithoutExports = (config.fuses & WITHOUT_EXPORTS) !== 0
  const inputs = { target, runtime, tools, libraries, isWithoutExports, ...(icu && { icu }) }
  const base = await prepareBase(inputs, cache)
  return { runtime, tools, libraries, base }
}

/** What node has to do for a build, a node of the same version does here. */
async function findTools(
  { runtime: { file, license, version }, emulated }: { runtime: Runtime; emulated: NodeCommand | undefined },
  target: Target,
  projectDir: string,
): Promise<{ readonly tools: NodeTools; readonly license: string | undefined }> {
  if (target === HOST) return { tools: { here: [file], target: [file] }, license }
  const here = await resolveRuntime({ kind: 'npm', version }, HOST ?? 'linux-x64', { projectDir })
  return { tools: { here: [here.file], target: emulated }, license: here.license }
}
