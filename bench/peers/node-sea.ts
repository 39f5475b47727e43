// Node's own single executables, of what esbuild has bundled.

import { writeFileSync } from 'node:fs'
import path from 'node:path'

import { installEsbuild } from './esbuild.ts'
import { inSequence, type Peer } from './peer.ts'

export const nodeSea: Peer = {
  name: 'node --build-sea',
  about: 'Node’s own single executable application, of one file that esbuild has made, with code cache',
  install: ({ directory, node }) => {
    const esbuild = installEsbuild(directory)
    return Promise.resolve({
      version: `${process.version}, esbuild ${esbuild.version}`,
      caches: [],
      build: (project, output) => {
        const isTopLevel = (project.program.bundleEntry ?? project.program.entry).endsWith('.mjs')
        const main = `${output}.${isTopLevel ? 'mjs' : 'cjs'}`
        const config = `${output}.json`
        writeFileSync(
          config,
          JSON.stringify({
            main,
            mainFormat: isTopLevel ? 'module' : 'commonjs',
            output,
            disableExperimentalSEAWarning: true,
            useCodeCache: !isTopLevel,
          }),
        )
        return inSequence(esbuild.bundle(project, isTopLevel ? 'esm' : 'cjs', main), {
          command: node,
          args: ['--build-sea', path.resolve(config)],
        })
      },
    })
  },
}
