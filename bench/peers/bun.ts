// `bun build --compile`, in its forms.

import { existsSync } from 'node:fs'
import path from 'node:path'

import { REPOSITORY } from '../../test/support/commands.ts'
import { succeed, type Peer } from './peer.ts'

/** A dependency of this repository, for its tests and this bench. */
export const BUN = path.join(REPOSITORY, 'node_modules/bun/bin/bun.exe')

function compiling(name: string, about: string, flags: readonly string[]): Peer {
  return {
    name,
    about,
    install: ({ directory }) => {
      if (!existsSync(BUN))
        throw new Error('the npm package bun has no executable: was it installed with its scripts?')
      const cache = path.join(directory, 'cache')
      return Promise.resolve({
        version: succeed({ command: BUN, args: ['--version'] }, REPOSITORY).trim(),
        caches: [cache],
        build: ({ program }, out) => ({
          command: BUN,
          args: [
            'build',
            '--compile',
            '--format=esm',
            ...flags,
            program.bundleEntry ?? program.entry,
            '--outfile',
            out,
          ],
          env: { BUN_INSTALL_CACHE_DIR: cache },
        }),
      })
    },
  }
}

export const bun = compiling('bun', '`bun build --compile`', [])
export const bunBytecode = compiling('bun --bytecode', '`bun build --compile --bytecode`', ['--bytecode'])

export const bunTrim: Peer = {
  name: 'bun compile --trim',
  about: 'Bun’s experimental compiler ahead of time',
  install: ({ directory }) => {
    // Where there is no such command, bun takes it for the name of a script.
    succeed({ command: BUN, args: ['compile', '--help'] }, REPOSITORY)
    return Promise.resolve({
      version: succeed({ command: BUN, args: ['--version'] }, REPOSITORY).trim(),
      caches: [path.join(directory, 'cache')],
      build: ({ program }, out) => ({
        command: BUN,
        args: ['compile', '--trim', program.bundleEntry ?? program.entry, '--outfile', out],
      }),
    })
  },
}
