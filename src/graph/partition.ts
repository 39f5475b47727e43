// Decides which modules are bundled and which stay files.
//
// A file runs exactly as under plain node; a bundle starts faster, because fewer modules have to be
// looked up. What a bundle changes is little (the text of functions, the number of files) but not
// nothing, so it has to be worth it: many modules, or sources that only a compiler understands, or
// the user asks. Where a program hooks into the loading of modules, they are all to be seen. And bundling must never make a second copy of a module: whatever a kept file can
// import stays a file too.

import { keyOf, type Trace } from './traced-program.ts'

export interface Partition {
  readonly bundled: ReadonlySet<string>
  /** Every module that stays a file, with the reason. */
  readonly kept: ReadonlyMap<string, string>
}

/** Below this, loading the files costs less than 10 ms. */
const WORTH_BUNDLING = 64

export interface Wishes {
  /** What the configuration says; undefined leaves it to the program. */
  readonly bundle: boolean | undefined
  /** Some module is more than JavaScript with types. */
  readonly needsCompiler: boolean
}

export function partition(trace: Trace, { bundle, needsCompiler }: Wishes): Partition {
  const closed = keepClosed(trace)
  const isWorthIt = needsCompiler || closed.bundled.size >= WORTH_BUNDLING
  if (bundle ?? (isWorthIt && !trace.hooksModules)) return closed
  const reason =
    bundle === false ? 'is not to be bundled' : isWorthIt ? 'is seen by module hooks' : 'is one of few'
  return {
    bundled: new Set(),
    kept: new Map([...trace.modules.keys()].map((file) => [file, closed.kept.get(file) ?? reason])),
  }
}

function keepClosed(trace: Trace): Partition {
  const kept = new Map<string, string>()
  const pending: [file: string, reason: string][] = [...trace.keep].filter(([file]) =>
    trace.modules.has(file),
  )
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
