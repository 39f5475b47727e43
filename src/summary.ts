// What a build says of itself when it is done.

import type { BuildResult } from './base/build-result.ts'
import type { ResolvedConfig } from './config/config.ts'
import { OF_SYSTEM } from './format/build-info.ts'
import type { AppGraph } from './graph/graph.ts'
import type { Payload } from './payload/payload.ts'
import type { PreparedTarget } from './prepare-target.ts'

interface Artefacts extends Pick<
  BuildResult,
  'size' | 'compressedSize' | 'start' | 'native' | 'diagnostics' | 'elapsedMs'
> {
  readonly config: ResolvedConfig
  readonly target: PreparedTarget
  readonly graph: AppGraph
  readonly payload: Payload
}

export function summarize({
  config,
  target: { runtime, libraries, base },
  graph,
  payload,
  ...facts
}: Artefacts): BuildResult {
  const { origin, reproducible } = libraries ?? { origin: OF_SYSTEM, reproducible: true }
  return {
    ...facts,
    out: config.out,
    target: config.target,
    moduleGraph: graph.hash,
    runtime: { version: runtime.version, origin: runtime.origin },
    libraries: { origin, reproducible },
    parts: {
      ...payload.parts,
      runtime: base.parts.runtime + base.parts.bootstrap,
      libraries: base.parts.libraries,
    },
    modules: {
      bundled: graph.bundled.length,
      files: graph.kept.filter((file) => file.format).length,
      assets: graph.kept.filter((file) => !file.format).length,
      external: graph.external,
    },
  }
}
