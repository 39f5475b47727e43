// Ingot as an executable of its own making. It is frozen at the build before the first line below that looks at
// the command line, with all that a warm `ingot run` needs compiled, and then does nothing but that.

import { readFileSync } from 'node:fs'

import { takeSnapshot, isUnchanged } from '../base/snapshot.ts'
import { findProgram, programKey } from '../known-program.ts'
import { buildOptions } from './build-options.ts'
import { splitProgramArguments } from './program-arguments.ts'

/** All of it once before the freeze, as functions are compiled when they are first called. Nothing outside may be looked at. */
function rehearse(): void {
  const { filename: here, dirname: directory } = import.meta
  const files = [here, `${here}/x`]
  const snapshot = takeSnapshot(
    { files, listings: [{ directory, names: 'modules' }], variables: {} },
    {},
    Infinity,
  )
  if (snapshot) isUnchanged(JSON.parse(JSON.stringify(snapshot)), {})
  const { build } = splitProgramArguments(['--define', 'a=b', 'x.ts'], buildOptions)
  findProgram(programKey(build, directory, here), { XDG_CACHE_HOME: here })
  try {
    process.execve!(here, [here], { notPossible: '\0' })
  } catch {
    // It was to be looked at, not done.
  }
}

/** Comes back if there is something to build. */
function runKnown([command, ...rest]: readonly string[]): void {
  if (command !== 'run') return
  const { build, program } = splitProgramArguments(rest, buildOptions)
  const file = findProgram(programKey([command, ...build], process.cwd()), process.env)
  try {
    if (file !== undefined) process.execve!(file, [file, ...program])
  } catch {
    // The command itself says why.
  }
}

rehearse()
runKnown(process.argv.slice(2))
if (process.env['INGOT_DEBUG'] !== '1') process.removeAllListeners('warning')
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const { start } = await import('./main.ts')
await start(version)
