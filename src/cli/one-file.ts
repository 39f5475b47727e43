import { BuildError } from '../base/diagnostics.ts'

/** @throws BuildError CLI_ONE_FILE */
export function oneFile(positionals: readonly string[], command: string): string {
  const [file, ...more] = positionals
  if (file !== undefined && more.length === 0) return file
  throw new BuildError('CLI_ONE_FILE', `${positionals.length} files are named`, {
    help: `Write "ingot ${command} <file>".`,
  })
}
