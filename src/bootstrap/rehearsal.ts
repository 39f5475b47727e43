// The program's side of a rehearsal (launcher/rehearse.c, freeze/rehearse.ts): runs the program as any cold
// start does, and tells what it has loaded when it ends or has nothing to do.

import { encodeTraining, type Training } from '../format/training.ts'
import { REPORT_DESCRIPTOR, tellerOf } from './control.ts'
import type { InternalRequire, Internals } from './internals.ts'
import { functionsRun } from './trained-code.ts'
import { toArchivePath } from './vfs/paths.ts'
import type { Tree } from './vfs/tree.ts'
import { loadedBuiltins } from './warm-up.ts'

const LOOK_EVERY_MS = 40

export interface Rehearsal {
  /** From here on the process cannot reach anything. */
  begin(): void
  /** Does not return: the program has come to its end. */
  end(): void
}

/**
 * Undefined in a start.
 * @param loadedModules paths in the archive
 */
export function detectRehearsal(
  internals: Internals,
  loadedModules: () => readonly string[],
  tree: Tree,
): Rehearsal | undefined {
  const { fs, requireBuiltin, cjsLoader } = internals
  const tell = tellerOf(fs)
  if (!tell('is-rehearsing')) return undefined
  const missing = new Set<string>()
  const end = () => {
    const paths = Object.entries(cjsLoader.Module._pathCache as Record<string, string>)
    const training = encodeTraining({
      modules: loadedModules(),
      resolved: paths.filter(([, file]) => toArchivePath(file) !== undefined),
      builtins: loadedBuiltins(),
      patterns: patterns(requireBuiltin),
      functions: functionsRun(internals),
      missing: [...missing],
    })
    const { writeSync } = requireBuiltin('fs')
    for (let at = 0; at < training.length;) at += writeSync(REPORT_DESCRIPTOR, training, at)
    tell('rehearsed')
  }
  return {
    end,
    begin() {
      // What has run is told by its code.
      internals.v8.setFlagsFromString('--no-flush-bytecode')
      tree.onMissing = (path) => void missing.add(path)
      tell('arm')
      endWhenIdle(internals, end)
    },
  }
}

/** The program may put another one in its place. */
const OwnRegExp = RegExp

/** Of all regular expressions that are still there. */
function patterns(load: InternalRequire): Training['patterns'] {
  const texts: string[] = load('v8').queryObjects(OwnRegExp, { format: 'summary' })
  return texts.flatMap((text) => {
    const [, source, flags] = /^\/(.+)\/([a-z]*)$/s.exec(text) ?? []
    return source === undefined || flags === undefined ? [] : [[source, flags] as const]
  })
}

/** A server waits for the world, which will not come. */
function endWhenIdle({ performance }: Internals, end: () => void): void {
  let idleMs = performance.loopIdleTime()
  const look = () => {
    const before = idleMs
    idleMs = performance.loopIdleTime()
    if (idleMs - before > LOOK_EVERY_MS / 2) end()
    else setTimeout(look, LOOK_EVERY_MS).unref()
  }
  setTimeout(look, LOOK_EVERY_MS).unref()
}
