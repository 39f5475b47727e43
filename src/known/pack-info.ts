// Build info as it is stored. Compressed as the target's own node does it: another version of zstd makes other bytes,
// and the executable would depend on the node that builds.

import { execFile } from 'node:child_process'
import { constants, zstdCompressSync } from 'node:zlib'

import { BuildError } from '../base/diagnostics.ts'
import type { BuildInfo } from '../format/build-info.ts'

const OPTIONS = {
  params: {
    // Texts of licences are long, alike and many; higher levels take several times as long for the last percent.
    [constants.ZSTD_c_compressionLevel]: 12,
    [constants.ZSTD_c_windowLog]: 23,
    [constants.ZSTD_c_checksumFlag]: 1,
  },
}

/** @param node of the target */
export async function packInfo(info: BuildInfo, node: string): Promise<Uint8Array> {
  const json = Buffer.from(JSON.stringify(info))
  const isSame = process.versions['zstd'] === info.runtime.components['zstd']
  return isSame ? zstdCompressSync(json, OPTIONS) : packElsewhere(json, node)
}

const SCRIPT = `const fs = require('fs')
  fs.writeFileSync(1, require('zlib').zstdCompressSync(fs.readFileSync(0), ${JSON.stringify(OPTIONS)}))`

function packElsewhere(json: Uint8Array, node: string): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  const options = { encoding: 'buffer', maxBuffer: 2 ** 30, env: {} } as const
  const child = execFile(node, ['-e', SCRIPT], options, (error, stdout) => {
    if (!error) return resolve(stdout)
    reject(
      new BuildError('RUNTIME_NOT_RUNNABLE', `the runtime ${node} does not run here`, {
        help: 'the build needs to run the target’s node: build on linux-x64, and check the file',
        cause: error,
      }),
    )
  })
  child.stdin!.on('error', () => {}) // the exit status says what happened
  child.stdin!.end(json)
  return promise
}
