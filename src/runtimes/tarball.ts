// Packages of npm, as the registry sends them.

import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'

/**
 * Call it once the tarball's hash is right: nothing looks into it before.
 * @param isWanted of a path in the package
 */
export async function unpackTarball(
  tarball: string,
  directory: string,
  isWanted: (path: string) => boolean = () => true,
): Promise<void> {
  const { unpackTar } = await import('modern-tar/fs')
  // npm packs everything into one directory, whose name differs; the filter sees names without it.
  const files = unpackTar(directory, { strip: 1, filter: ({ name }) => isWanted(name) })
  await pipeline(createReadStream(tarball), createGunzip(), files)
}
