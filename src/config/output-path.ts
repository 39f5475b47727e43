import { basename, extname, join, resolve } from 'node:path'
import { BuildError } from '../base/diagnostics.ts'
import type { EntryPoint } from './config.ts'
import { kindOf } from './files.ts'
import type { Layer } from './layer.ts'

/** Where the executable goes: the path asked for, `name` in it if it is a directory, or `name` in the cwd. */
export function outputPath(
  picked: { value: string; layer: Layer } | undefined,
  name: string,
  cwd: string,
  entries: readonly EntryPoint[],
): string {
  const wanted = picked === undefined ? join(cwd, name) : resolve(picked.layer.baseDir, picked.value)
  const isDirectory = picked !== undefined && (picked.value.endsWith('/') || kindOf(wanted) === 'directory')
  const out = isDirectory ? join(wanted, name) : wanted

  // `ingot build tool` would replace the script `tool` by its own executable.
  const overwritten = entries.some((entry) => entry.file === out)
  if (!overwritten && kindOf(out) !== 'directory') return out
  throw new BuildError('OUTPUT_PATH', overwritten ? `${out} is the entry module` : `${out} is a directory`, {
    ...(picked?.layer.at && { at: picked.layer.at }),
    help: 'Choose another name for the executable with -o.',
  })
}

/** The name of an executable that nobody has named. */
export function defaultName(commandName: string | undefined, entry: EntryPoint): string {
  return commandName ?? basename(entry.file, extname(entry.file))
}
