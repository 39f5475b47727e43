// `nub compile`: a bundle and a Node in one file, which unpacks itself into a cache at its first start.

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'

import { installPackages, type Peer } from './peer.ts'

const VERSION = '0.9.2'

export const nub: Peer = {
  name: 'nub compile',
  about: '`nub compile`; its Node comes from a mirror with the very Node that the others have',
  install: async ({ directory, mirror }) => {
    installPackages(directory, [`@nubjs/nub-linux-x64@${VERSION}`])
    const home = path.join(directory, 'home')
    mkdirSync(home)
    writeFileSync(path.join(home, '.npmrc'), `node-mirror:release=${await mirror()}/\n`)
    const command = path.join(directory, 'node_modules/@nubjs/nub-linux-x64/bin/nub')
    chmodSync(command, 0o755)
    const cache = path.join(home, '.cache')
    return {
      version: VERSION,
      caches: [cache],
      build: ({ program }, out) => ({
        command,
        args: [
          'compile',
          program.bundleEntry ?? program.entry,
          '--out',
          out,
          '--target',
          process.version.slice(1),
        ],
        env: { HOME: home, XDG_CACHE_HOME: cache },
      }),
    }
  },
}
