// What a program will run on: node, the libraries that it needs, and the base image of both.

import type { ResolvedConfig } from './config/config.ts'
import { prepareBase, type PreparedBase } from './prepare-base.ts'
import { resolveLibraries } from './runtimes/debian.ts'
import { resolveRuntime } from './runtimes/node.ts'
import type { Runtime, SystemLibraries } from './runtimes/runtime.ts'

export interface PreparedTarget {
  readonly runtime: Runtime
  readonly libraries: SystemLibraries
  readonly base: PreparedBase
}

export async function prepareTarget(
  { runtime: request, target, projectDir }: Pick<ResolvedConfig, 'runtime' | 'target' | 'projectDir'>,
  cache: string,
): Promise<PreparedTarget> {
  const runtime = await resolveRuntime(request, target, { projectDir })
  const libraries = await resolveLibraries(target, { projectDir })
  return { runtime, libraries, base: await prepareBase(runtime, libraries, cache) }
}
