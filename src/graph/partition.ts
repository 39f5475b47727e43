// Decides which modules are bundled and which stay files. Bundling must never make a second copy
// of a module: whatever a kept file can import stays a file too.

import { keyOf, type Trace } from './trace.ts'

export interface Partition {
  readonly bundled: ReadonlySet<string>
  /** Every module that stays a file, with the reason. */
  readonly kept: ReadonlyMap<string, string>
}

export function partition(trace: Trace): Partition {
  const kept = new Map<string, string>()
  const pending: [file: string, reason: string][] = [...trace.keep].filter(([file]) => trace.modules.has(file))
  for (let next = pending.pop(); next; next = pending.pop()) {
    const [file, reason] = next
    if (kept.has(file)) continue
    kept.set(file, reason)
    const module = trace.modules.get(file)!
    for (const reference of module.scan.references) {
      const resolution = module.resolutions.get(keyOf(reference))
      if (resolution?.kind === 'file' && trace.modules.has(resolution.file)) {
        pending.push([resolution.file, 'is imported by a file that is kept'])
      }
    }
  }
  const bundled = new Set([...trace.modules.keys()].filter((file) => !kept.has(file)))
  return { bundled, kept }
}
