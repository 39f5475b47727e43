// Those who take one file of JavaScript are given what esbuild makes of a program.

import path from 'node:path'

import { installPackages, type Command, type Project } from './peer.ts'

const VERSION = '0.28.2'

export interface Esbuild {
  readonly version: string
  /** One file, `out`. */
  bundle(project: Project, format: 'esm' | 'cjs', out: string): Command
}

export function installEsbuild(directory: string): Esbuild {
  installPackages(directory, [`@esbuild/linux-x64@${VERSION}`])
  return {
    version: VERSION,
    bundle: ({ program, directory: project }, format, out) => ({
      command: path.join(directory, 'node_modules/@esbuild/linux-x64/bin/esbuild'),
      args: [
        path.join(project, program.bundleEntry ?? program.entry),
        '--bundle',
        '--platform=node',
        `--format=${format}`,
        '--loader:.node=copy',
        `--outfile=${out}`,
        '--log-level=error',
        ...(format === 'esm' ? [`--banner:js=${REQUIRE}`] : []),
      ],
    }),
  }
}

/** A CommonJS package in an ES module asks for node's modules with it. */
const REQUIRE = `import { createRequire as benchRequire } from 'node:module'; const require = benchRequire(process.execPath); const __filename = process.execPath, __dirname = '/';`
