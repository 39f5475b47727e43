// @yao-pkg/pkg, in the mode that takes an official Node: its patched ones come from a host of its own.

import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'

import { installEsbuild } from './esbuild.ts'
import { inSequence, installPackages, type Peer } from './peer.ts'

const VERSION = '6.23.0'

export const pkg: Peer = {
  name: 'pkg --sea',
  about:
    '`pkg --sea` of one file that esbuild has made; its Node comes from a mirror with the very Node that the others have',
  install: async ({ directory, node, mirror }) => {
    const esbuild = installEsbuild(path.join(directory, 'esbuild'))
    installPackages(directory, [`@yao-pkg/pkg@${VERSION}`])
    const home = path.join(directory, 'home')
    mkdirSync(home)
    const preload = path.join(directory, 'mirror.cjs')
    writeFileSync(preload, redirect(await mirror()))
    return {
      version: `${VERSION}, esbuild ${esbuild.version}`,
      caches: [path.join(home, '.pkg-cache')],
      build: (project, out) => {
        const main = `${out}.cjs`
        const args = [
          '--sea',
          '-t',
          `node${process.version.slice(1).split('.')[0]}-linux-x64`,
          '-o',
          out,
          main,
        ]
        return inSequence(esbuild.bundle(project, 'cjs', main), {
          command: node,
          args: [
            '--require',
            preload,
            path.join(directory, 'node_modules/@yao-pkg/pkg/lib-es5/bin.js'),
            ...args,
          ],
          env: { HOME: home },
        })
      },
    }
  },
}

/** It has no option for another address. */
const redirect = (mirror: string): string => `const { fetch } = globalThis
globalThis.fetch = (url, ...rest) => fetch(String(url).replace('https://nodejs.org/dist', '${mirror}'), ...rest)
`
