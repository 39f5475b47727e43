// Plain Node: the specification, and what there is to install and to copy where nothing is built.

import path from 'node:path'

import type { Peer } from './peer.ts'

export const plainNode: Peer = {
  name: 'node',
  about: 'plain Node with the sources and node_modules beside them; nothing is built',
  install: ({ node }) =>
    Promise.resolve({
      version: process.version,
      caches: [],
      start: ({ program, directory }) => ({ command: node, args: [path.join(directory, program.entry)] }),
    }),
}
