// `deno compile`. It puts programs behind a second executable, denort, that it fetches from a host of its own.

import path from 'node:path'

import { installPackages, type Peer } from './peer.ts'

const VERSION = '2.9.6'

export const deno: Peer = {
  name: 'deno compile',
  about: '`deno compile -A`; DENORT_BIN, where it is set, names the runtime to put programs into',
  install: ({ directory }) => {
    installPackages(directory, [`@deno/linux-x64-glibc@${VERSION}`])
    const cache = path.join(directory, 'cache')
    return Promise.resolve({
      version: VERSION,
      caches: [cache],
      build: ({ program }, out) => ({
        command: path.join(directory, 'node_modules/@deno/linux-x64-glibc/deno'),
        args: [
          'compile',
          '-q',
          '-A',
          '--no-check',
          '--node-modules-dir=manual',
          '-o',
          out,
          program.bundleEntry ?? program.entry,
        ],
        env: { DENO_DIR: cache },
      }),
    })
  },
}
