// Makes dist/, what a published package runs: the library, the command line and the processes
// that it starts as JavaScript, the bootstrap as one file, and the public API's types. Takes another directory's name.

import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'

import { rolldown } from 'rolldown'

import { bundleBootstrap, bundledFile, PARTS } from '../src/bundle-bootstrap.ts'
import { bundleReport } from '../src/bundle-report.ts'

const ROOT = path.join(import.meta.dirname, '..')
const DIST = path.resolve(process.argv[2] ?? path.join(ROOT, 'dist'))

rmSync(DIST, { recursive: true, force: true })

const bundle = await rolldown({
  cwd: ROOT,
  input: {
    index: 'src/index.ts',
    cli: 'src/cli/main.ts',
    runtime: 'src/runtime.ts',
    native: 'src/cli/native.ts',
    rebuild: 'src/rebuild.ts',
    'code-cache-worker': 'src/payload/code-cache-worker.ts',
  },
  platform: 'node',
  // Dependencies stay imports: npm installs them.
  external: /^[^./]/,
})
// All in one directory: the code finds its files (package.json, launcher/) beside or above itself.
await bundle.write({
  dir: DIST,
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: '[name]-[hash].js',
})
await bundle.close()

for (const os of ['linux', 'darwin', 'win32'] as const) {
  for (const part of PARTS) {
    const name = path.basename(bundledFile(part, os))
    writeFileSync(path.join(DIST, name), await bundleBootstrap(part, os))
  }
}

writeFileSync(path.join(DIST, 'report-page.js'), await bundleReport())

const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc')
execFileSync(
  process.execPath,
  [tsc, '-p', path.join(ROOT, 'tsconfig.types.json'), '--outDir', path.join(DIST, 'types')],
  { stdio: 'inherit' },
)
