// Packages whose native code was built or downloaded for this machine when they were installed. In an executable for
// another target there would be nothing to load in its place.

import { existsSync } from 'node:fs'
import path from 'node:path'

import { nativeHeader, runsOn } from '../base/native-code.ts'
import { packageInPath } from '../base/package-in-path.ts'
import { HOST, platformOf, type Target } from '../base/targets.ts'
import type { GraphMemory } from './memory.ts'
import type { Package } from './packages.ts'
import { missingNative } from './platform-packages.ts'
import { isInPackage } from './source.ts'
import type { Trace } from './traced-program.ts'

/** @throws BuildError NATIVE_TARGET_MISSING */
export function requireNative(trace: Trace, memory: GraphMemory, target: Target): void {
  if (target === HOST) return
  const kinds = nativeKinds(trace, memory, target)
  const lacking = packagesOf(trace).filter(({ directory }) => {
    // esbuild keeps a copy of the host's program beside the package for the platform.
    if (trace.platformPackages.served.has(directory)) return false
    const kind = kinds.get(directory)
    return kind === undefined ? existsSync(path.join(directory, 'prebuilds')) : kind === 'host'
  })
  if (lacking.length > 0) throw missingNative(lacking, target)
}

/** What runs on neither comes along in packages, and is left out. */
function nativeKinds(trace: Trace, memory: GraphMemory, target: Target): Map<string, 'host' | 'target'> {
  const [here, there] = [HOST && platformOf(HOST), platformOf(target)]
  const kinds = new Map<string, 'host' | 'target'>()
  for (const file of trace.assets) {
    const header = isInPackage(file) ? nativeHeader(memory.head(file)) : undefined
    const owner = header && trace.packages.ownerOf(file)
    if (!header || !owner) continue
    if (runsOn(header, there)) kinds.set(owner.directory, 'target')
    else if (here && runsOn(header, here) && !kinds.has(owner.directory)) kinds.set(owner.directory, 'host')
  }
  return kinds
}

/** Those of which more is inside than single modules. */
function packagesOf({ assets, walked, packages }: Trace): Package[] {
  const whole = [...walked].filter((directory) => packageInPath(directory)?.directory === directory)
  const files = [...whole.map((directory) => path.join(directory, 'package.json')), ...assets]
  const owners = files.filter(isInPackage).map((file) => packages.ownerOf(file))
  return [...new Set(owners.filter((owner) => owner !== undefined))]
}
