// Before the freeze, for programs that have thousands of files inside: most of them would be read before V8 has compiled what
// reads them. So they are read here until it has. What it compiles is in the image, and holds as long as nothing changes that
// it relies on.

import type { Internals } from './internals.ts'
import { compileNatives } from './natives.ts'
import { toVirtualPath } from './vfs/paths.ts'
import { settleNow } from './vfs/requests.ts'
import { isFile, type Tree } from './vfs/tree.ts'

/** With fewer it is not worth its memory, some 3 MB of the executable. */
const MANY_FILES = 1000
/** Until V8's last compiler is done, beside other threads. */
const ROUNDS = 100
const FILES_PER_ROUND = 300
/** In bytes. Of programs' many files most are sources and templates; larger ones would take the build long. */
const SMALL = 16 * 1024

/** @param collectGarbage of each round, which would be in the image, too */
export function warmUpReads({ requireBuiltin, v8 }: Internals, tree: Tree, collectGarbage: () => void): void {
  const { archive } = tree
  if (archive.entryCount < MANY_FILES) return
  const files = smallFiles(tree)
  const { openSync, readSync, closeSync, readFileSync } = requireBuiltin('fs')
  const promises = requireBuiltin('fs/promises')
  const buffer = Buffer.alloc(SMALL)
  const readAll = () => {
    for (const file of files) {
      const descriptor = openSync(file)
      readSync(descriptor, buffer)
      closeSync(descriptor)
    }
    for (const encoding of [undefined, 'utf8']) {
      for (const file of files) readFileSync(file, encoding)
      for (const file of files) promises.readFile(file, encoding)
      settleNow()
      ;(process as any)._tickCallback()
    }
  }
  // The functions are compiled into who calls them often, and not for others.
  compileNatives(v8, ['caller'], '%NeverOptimizeFunction(caller)')(readAll)
  archive.warmUp(() => {
    for (let i = 0; i < ROUNDS; i++) {
      readAll()
      collectGarbage()
    }
  })
}

function smallFiles(tree: Tree): string[] {
  const found: string[] = []
  for (const { entry } of tree.walk('')) {
    if (isFile(entry) && entry.dataSize <= SMALL) found.push(toVirtualPath(entry.path))
    if (found.length === FILES_PER_ROUND) break
  }
  return found
}
