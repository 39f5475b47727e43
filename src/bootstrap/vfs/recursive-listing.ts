// What the binding's readdirRecursive gives: the paths below a directory, or, for Dirents, what
// lib/internal/fs/utils.js, getRecursiveDirents, groups by directory.

import { IS_WINDOWS, SEPARATOR } from '../platform.ts'
import { baseName, direntType, isDirectory, type Tree } from './tree.ts'

type Encode = (name: string) => string | Buffer

/** `counts[i]` of the names and types lie in `dirs[i]`, which is relative to `path`; the first is `path` itself. */
type Grouped = [names: (string | Buffer)[], types: Uint8Array, counts: Uint32Array, dirs: (string | Buffer)[]]

export function listRecursively(
  tree: Tree,
  path: string,
  withTypes: boolean,
  encode: Encode,
): (string | Buffer)[] | Grouped {
  if (!withTypes)
    return [...tree.walk(path)].map((item) =>
      encode(IS_WINDOWS ? item.path.replaceAll('/', SEPARATOR) : item.path),
    )
  const names: (string | Buffer)[] = []
  const types: number[] = []
  const counts: number[] = []
  const directories = [{ absolute: path, relative: '' }]
  // The list grows while it is read: breadth first, as node does it.
  for (const { absolute, relative } of directories) {
    const entries = tree.list(absolute)
    counts.push(entries.length)
    for (const entry of entries) {
      const name = baseName(entry)
      names.push(encode(name))
      types.push(direntType(entry))
      if (isDirectory(entry))
        directories.push({
          absolute: entry.path,
          relative: relative === '' ? name : relative + SEPARATOR + name,
        })
    }
  }
  const dirs = directories.map(({ relative }) => encode(relative))
  return [names, Uint8Array.from(types), Uint32Array.from(counts), dirs]
}
