import { basename, extname, join, resolve } from 'node:path'
import { BuildError } from '../base/diagnostics.ts'
import { platformOf, type Target } from '../base/targets.ts'
import type { EntryPoint } from './config.ts'
import { kindOf } from './files.ts'
import type { Layer } from './layer.ts'

interface Named {
  /** Of an executable that nobody has named. */
  readonly name: string
  readonly cwd: string
  readonly entries: readonly EntryPoint[]
  readonly target: Target
  /** Then its name has the target at the end. */
  readonly isOneOfSeveral: boolean
}

/** Where the executable goes: the path asked for, `name` in it if it is a directory, or `name` in the cwd. */
export function outputPath(
  picked: { value: string; layer: Layer } | undefined,
  { name, cwd, entries, target, isOneOfSeveral }: Named,
): string {
  const wanted = picked === undefined ? join(cwd, name) : resolve(picked.layer.baseDir, picked.value)
  const isDirectory = picked !== undefined && (picked.value.endsWith('/') || kindOf(wanted) === 'directory')
  const out = targetPath(isDirectory ? join(wanted, name) : wanted, target, isOneOfSeveral)

  // `ingot build tool` would replace the script `tool` by its own executable.
  const overwritten = entries.some((entry) => entry.file === out)
  if (!overwritten && kindOf(out) !== 'directory') return out
  throw new BuildError('OUTPUT_PATH', overwritten ? `${out} is the entry module` : `${out} is a directory`, {
    ...(picked?.layer.at && { at: picked.layer.at }),
    help: 'Choose another name for the executable with -o.',
  })
}

/** Windows runs nothing without `.exe`. */
function targetPath(out: string, target: Target, isOneOfSeveral: boolean): string {
  const bare = out.replace(/\.exe$/, '')
  const extension = platformOf(target).os === 'win32' ? '.exe' : isOneOfSeveral ? '' : out.slice(bare.length)
  return `${bare}${isOneOfSeveral ? `-${target}` : ''}${extension}`
}

/** The name of an executable that nobody has named. */
export function defaultName(commandName: string | undefined, entry: EntryPoint): string {
  return commandName ?? basename(entry.file, extname(entry.file))
}
