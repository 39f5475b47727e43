// Ingot: as the executable that it makes of itself, and as the package that npm installs.

import path from 'node:path'

import { nativeIngot } from '../../test/support/native-ingot.ts'
import type { Command, Installed, Peer, Place, Project } from './peer.ts'

/** The others have this Node, too. */
const RUNTIME = ['--runtime', `node@${process.version.slice(1)}`]

/** One for all of its forms. */
let made: { readonly directory: string; readonly native: Promise<string> } | undefined

async function installIngot(
  { directory, node }: Place,
  as: 'executable' | 'package',
  flags: readonly string[],
): Promise<Installed> {
  made ??= { directory, native: nativeIngot(directory, process.env) }
  const native = await made.native
  const cache = path.join(made.directory, 'cache')
  const command: Command =
    as === 'executable'
      ? { command: native, args: [] }
      : { command: node, args: [path.join(made.directory, 'ingot-package/bin/ingot.mjs')] }
  return {
    version: 'this commit',
    ...(as === 'executable' && flags.length === 0 && { caches: [cache] }),
    build: ({ program, directory }: Project, out: string) => ({
      ...command,
      args: [
        ...command.args,
        'build',
        `program=${path.join(directory, program.entry)}`,
        '-o',
        out,
        '-q',
        ...RUNTIME,
        ...flags,
      ],
      env: { XDG_CACHE_HOME: cache },
    }),
  }
}

export const ingot: Peer = {
  name: 'ingot',
  about:
    '`ingot build` by the executable that `npm run native` makes; starts go on from where the program was at the build',
  install: (place) => installIngot(place, 'executable', []),
}

export const ingotCold: Peer = {
  name: 'ingot --start cold',
  about: 'the same without the frozen process',
  install: (place) => installIngot(place, 'executable', ['--start', 'cold']),
}

export const ingotPackage: Peer = {
  name: 'ingot, from npm',
  about: 'the npm package under `node`, which costs a build the start of Node',
  onlyBuilds: true,
  install: (place) => installIngot(place, 'package', []),
}
