// Node's own tests. They are Node 18's, the newest that a package with a hash can be had of; chosen/ names those of
// them that Node 26 still passes. Nothing of them is in this repository.

import { filesOfDebianSource } from '../support/debian-source.ts'

const SOURCE = {
  package: 'nodejs',
  file: 'nodejs_18.20.4+dfsg.orig.tar.xz',
  sha256: '6ce58062c71eae37d9c5ac31eeaeff9c2d48561d21c2849179d056c9c1bd9ebc',
}
/** What is taken of its `test` directory. */
const DIRECTORIES = ['common', 'fixtures', 'parallel', 'es-module', 'sequential']
/** No chosen test reads these: 37 MB, and TypeScript, for which an executable would turn source maps on. */
const WITHOUT = ['fixtures/wpt', 'fixtures/snapshot', 'fixtures/source-map', 'fixtures/typescript']

/** The `test` directory of Node's sources. */
export function nodeTestSources(): Promise<string> {
  return filesOfDebianSource(SOURCE, [
    '--strip-components=2',
    '--no-wildcards-match-slash',
    ...WITHOUT.map((name) => `--exclude=node-*/test/${name}`),
    ...DIRECTORIES.map((name) => `node-*/test/${name}`),
  ])
}
