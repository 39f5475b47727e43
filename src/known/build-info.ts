// Makes what an executable says of itself (format/build-info.ts) from what the build knows. It reads the packages'
// own files for the rest. Nothing in it depends on when, where or by whom the program is built.

import { statSync } from 'node:fs'
import path from 'node:path'

import { FREEZING_TARGET } from '../base/targets.ts'
import type { ResolvedConfig } from '../config/config.ts'
import { FROZEN_DIFFERS, OF_SYSTEM, type BuildInfo, type NativeInfo } from '../format/build-info.ts'
import type { AppGraph } from '../graph/graph.ts'
import type { ArchiveFile } from '../payload/payload.ts'
import type { Runtime, SystemLibraries } from '../runtimes/runtime.ts'
import { hashConfig } from './config-hash.ts'
import { cryptoInside } from './crypto.ts'
import { packagesInside } from './packages.ts'

export interface Known {
  /** Ingot's own. */
  readonly version: string
  readonly graph: AppGraph
  /** The graph's, as the archive has them. */
  readonly files: readonly ArchiveFile[]
  readonly config: ResolvedConfig
  readonly runtime: Runtime
  /** node's `process.versions`. */
  readonly components: Readonly<Record<string, string>>
  /** Of node. */
  readonly leftOut: readonly string[] | undefined
  readonly libraries: SystemLibraries | undefined
  /** Nothing here runs the target's node, which makes code caches. */
  readonly isCompiledAtStart: boolean
  readonly native: readonly NativeInfo[]
  readonly vcs: BuildInfo['vcs']
}

export function describeBuild(known: Known): BuildInfo {
  const { version, graph, files, config, runtime, components, leftOut, libraries, native, vcs } = known
  const bundled = graph.bundled.map((file) => ({ path: file, size: sizeOf(path.join(graph.root, file)) }))
  const { program, packages } = packagesInside({ graph, config, files, bundled })
  return {
    version: 1,
    ingot: version,
    target: config.target,
    program,
    entries: graph.entries,
    runtime: {
      version: runtime.version,
      // Where a file of the user's lies is the machine's affair; its hash says which it is.
      origin: runtime.origin.startsWith('file:') ? 'file' : runtime.origin,
      sha256: runtime.sha256,
      components,
      ...(config.icu && { icu: config.icu }),
      ...(leftOut && { leftOut }),
    },
    libraries: librariesInside(libraries),
    packages,
    external: graph.external,
    bundled,
    native,
    crypto: cryptoInside(components, packages, { graph, native }),
    ...(vcs && { vcs }),
    contract: config.contract?.contract,
    moduleGraph: graph.hash,
    config: hashConfig(config),
    reproducible: { unless: reasonsAgainst(known) },
  }
}

function librariesInside(libraries: SystemLibraries | undefined): BuildInfo['libraries'] {
  if (!libraries) return { origin: OF_SYSTEM, packages: [], files: [] }
  return {
    origin: libraries.origin,
    packages: libraries.packages,
    files: [
      { name: path.basename(libraries.loader.file), sha256: libraries.loader.sha256 },
      ...[...libraries.libraries].map(([name, { sha256 }]) => ({ name, sha256 })),
    ],
  }
}

function reasonsAgainst({ config: { start, target }, libraries, isCompiledAtStart, vcs }: Known): string[] {
  return [
    ...(libraries?.reproducible !== false
      ? []
      : ['glibc and libstdc++ are those of the machine that built it']),
    ...(isCompiledAtStart ? ['nothing ran its node where it was built: elsewhere it has code caches'] : []),
    ...(vcs?.dirty ? ['the repository had changes that are not committed'] : []),
    ...(start === 'cold' || target !== FREEZING_TARGET ? [] : [FROZEN_DIFFERS]),
  ]
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}
