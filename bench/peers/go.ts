// Go, to know where one stands: other programs that do the same.

import { spawnSync } from 'node:child_process'
import path from 'node:path'

import { needsDebian } from '../debian.ts'
import type { Peer } from './peer.ts'

export const go: Peer = {
  name: 'go',
  about: 'another language, for reference: `go build` of a program that does the same',
  isReference: true,
  install: ({ directory }) => {
    needsDebian('golang-go')
    const cache = path.join(directory, 'cache')
    return Promise.resolve({
      version: spawnSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' }).stdout.trim(),
      caches: [cache],
      build: ({ program, directory: project }, out) => {
        if (program.go === undefined) throw new Error('there is no such program in Go here')
        return {
          command: 'go',
          args: ['build', '-o', out, '.'],
          cwd: path.join(project, 'go'),
          env: { GOCACHE: cache, GOFLAGS: '-mod=mod', CGO_ENABLED: '0' },
        }
      },
    })
  },
}
