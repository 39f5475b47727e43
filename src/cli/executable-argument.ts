import path from 'node:path'

import { BuildError } from '../base/diagnostics.ts'
import type { Host } from './host.ts'

/** The one executable that a command is about. */
export function executableIn(positionals: readonly string[], { cwd }: Host): string {
  const [file, ...more] = positionals
  if (file !== undefined && more.length === 0) return path.resolve(cwd, file)
  throw new BuildError('CLI_ARGUMENT', `${positionals.length} executables where one is expected`, {
    help: 'pass the path of one file that `ingot build` has made',
  })
}
