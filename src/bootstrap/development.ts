// While a program is developed (`ingot dev`), the bootstrap does more. The code for that is no part of what ships:
// it lies beside the executable (development/), as its program does (launcher/development.c).

import { tellerOf } from './control.ts'
import type { Internals } from './internals.ts'
import { loadOwnCode } from './own-code.ts'
import type { Archive } from './vfs/archive.ts'

export interface Development {
  /**
   * In a process that was started before there is something to run: gets ready for it, waits until it is told to
   * begin, and has the program in memory then.
   * @param prepare compiles a module of the last program, by its path in the archive
   */
  awaitProgram(prepare: (path: string) => void): void
  /**
   * When all is installed, and before the program runs.
   * @param loadedModules gives paths in the archive
   */
  begin(loadedModules: () => string[], archive: Archive): void
}

/** What the file beside the executable exports. */
export interface DevelopmentCode {
  develop(internals: Internals, isWorker: boolean): Development
}

/** Undefined in an executable that ships. */
export function loadDevelopment(internals: Internals, isWorker: boolean): Development | undefined {
  const { fs } = internals
  if (!tellerOf(fs)('is-development')) return undefined
  const file = `${process.execPath}.js`
  const source = (fs.readFileUtf8 as (file: string, flags: number) => string)(file, 0)
  const code = loadOwnCode(internals, { source, file }) as DevelopmentCode
  return code.develop(internals, isWorker)
}
