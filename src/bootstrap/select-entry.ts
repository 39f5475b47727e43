// Several programs may share one executable, busybox style.

import type { Manifest } from '../format/archive.ts'
import { IS_WINDOWS, SEPARATOR } from './platform.ts'

type EntryPoint = Manifest['entries'][number]

/** The program named by argv[0]'s base name, else by the first argument, else the first there is. */
export function selectEntry(
  entries: readonly EntryPoint[],
  argv0: string,
  args: readonly string[],
): { entry: EntryPoint; args: readonly string[] } {
  const named = (name: string | undefined) => entries.find((entry) => entry.name === name)
  const first = entries[0]!
  if (entries.length === 1) return { entry: first, args }
  const ownName = argv0.slice(argv0.lastIndexOf(SEPARATOR) + 1)
  const byName = named(IS_WINDOWS ? ownName.replace(/\.exe$/i, '') : ownName)
  if (byName) return { entry: byName, args }
  const byArgument = named(args[0])
  return byArgument ? { entry: byArgument, args: args.slice(1) } : { entry: first, args }
}
