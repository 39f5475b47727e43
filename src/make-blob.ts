// Node's single-executable blob with the bootstrap as its main script, made by node itself.

import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

import { platformOf, type Target } from './base/targets.ts'
import { bundleBootstrap } from './bundle-bootstrap.ts'
import {
  BOOTSTRAP_ASSET,
  BOOTSTRAP_CACHE_ASSET,
  BOOTSTRAP_FILE,
  BOOTSTRAP_PARAMETERS,
  bootScript,
} from './format/boot.ts'
import { OWN_OPTIONS } from './format/own-options.ts'
import { PAYLOAD_ASSET, readSeaBlob, type SeaBlob } from './image/sea.ts'
import { DETERMINISTIC_FLAGS } from './payload/code-cache.ts'
import { FLAG_HASH_OFFSET } from './payload/v8-cache.ts'
import { runNode, type NodeCommand, type NodeTools } from './runtimes/node-command.ts'

export interface BlobInputs {
  readonly target: Target
  readonly tools: NodeTools
  /** V8's hash of its flags in the executable; undefined: there is no node that could make a code cache. */
  readonly flagHash: Uint8Array | undefined
}

/**
 * @param directory to work in
 * @throws BuildError RUNTIME_NOT_RUNNABLE, SEA_FORMAT
 */
export async function makeBlob(directory: string, { target, tools, flagHash }: BlobInputs): Promise<SeaBlob> {
  const at = (name: string) => path.join(directory, name)
  writeFileSync(at('main.js'), bootScript('undefined'))
  writeFileSync(at(BOOTSTRAP_FILE), await bundleBootstrap('bootstrap', platformOf(target).os))
  writeFileSync(at('empty'), '')
  const cache = tools.target && flagHash ? await compile(directory, tools.target, flagHash) : Buffer.alloc(0)
  writeFileSync(at(BOOTSTRAP_CACHE_ASSET), cache)
  writeFileSync(
    at('sea.json'),
    JSON.stringify({
      main: 'main.js',
      output: 'sea.blob',
      disableExperimentalSEAWarning: true,
      // Assets, as node's own place for a code cache is out of a worker's reach.
      assets: {
        [PAYLOAD_ASSET]: 'empty',
        [BOOTSTRAP_ASSET]: BOOTSTRAP_FILE,
        [BOOTSTRAP_CACHE_ASSET]: BOOTSTRAP_CACHE_ASSET,
      },
      execArgv: OWN_OPTIONS,
      // Only for children that the program itself starts as node: the launcher sees to that, where there is one.
      execArgvExtension: platformOf(target).os === 'linux' ? 'cli' : 'none',
    }),
  )
  await runNode(tools.here, ['--experimental-sea-config', 'sea.json'], { cwd: directory })
  return readSeaBlob(readFileSync(at('sea.blob')), at('sea.blob'))
}

/** As a whole: a start would otherwise compile function after function. */
async function compile(directory: string, node: NodeCommand, flagHash: Uint8Array): Promise<Uint8Array> {
  const script = ['-e', COMPILE, BOOTSTRAP_FILE, BOOTSTRAP_CACHE_ASSET, ...BOOTSTRAP_PARAMETERS]
  await runNode(node, [...DETERMINISTIC_FLAGS, '--no-lazy', ...script], { cwd: directory })
  const cache = readFileSync(path.join(directory, BOOTSTRAP_CACHE_ASSET))
  cache.set(flagHash, FLAG_HASH_OFFSET)
  return cache
}

/** Its code cache fits a function with these parameters only. */
const COMPILE = `const [, filename, out, ...parameters] = process.argv
  const source = fs.readFileSync(filename, 'utf8')
  const { cachedData } = vm.compileFunction(source, parameters, { filename, produceCachedData: true })
  fs.writeFileSync(out, cachedData)`
