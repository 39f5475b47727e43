// Build info as it is stored. Compressed as the target's own node does it: another version of zstd makes other bytes,
// and the executable would depend on the node that builds.

import { constants, zstdCompressSync } from 'node:zlib'

import type { BuildInfo } from '../format/build-info.ts'

const OPTIONS = {
  params: {
    // Texts of licences are long, alike and many; higher levels take several times as long for the last percent.
    [constants.ZSTD_c_compressionLevel]: 12,
    [constants.ZSTD_c_windowLog]: 23,
    [constants.ZSTD_c_checksumFlag]: 1,
  },
}

type RunNode = (args: readonly string[], input: Uint8Array) => Promise<Uint8Array>

/** @param run a node of the target's version, with these arguments and this input */
export async function packInfo(info: BuildInfo, run: RunNode): Promise<Uint8Array> {
  const json = Buffer.from(JSON.stringify(info))
  const isSame = process.versions['zstd'] === info.runtime.components['zstd']
  return isSame ? zstdCompressSync(json, OPTIONS) : run(['-e', SCRIPT], json)
}

const SCRIPT = `const fs = require('fs')
  fs.writeFileSync(1, require('zlib').zstdCompressSync(fs.readFileSync(0), ${JSON.stringify(OPTIONS)}))`
