// The layers of an executable's image: the runtime, which is the same for all programs, and the program; or the one file.

import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

import type { Compression, LayersMode } from './base/image-result.ts'
import type { BuildInfo } from './format/build-info.ts'
import type { BlobStore } from './output/oci/blob-store.ts'
import { ExecutableFile } from './inspect/executable-file.ts'
import { writeLayer, type Layer } from './output/oci/layer.ts'
import { programName } from './output/oci/image-config.ts'
import { cached, fileOf, prune } from './runtimes/cache.ts'
import { cacheRoot } from './runtimes/cache-root.ts'
import { splitExecutable, type SplitExecutable } from './split-executable.ts'

export interface ImageLayer extends Layer {
  /** What it is, for people. */
  readonly comment: string
}

interface LayersOptions {
  readonly mode: LayersMode
  readonly compression: Compression
  readonly store: BlobStore
  /** A directory for files on the way. */
  readonly work: string
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal | undefined
}

/** The lowest first. */
export async function imageLayers(
  file: string,
  info: BuildInfo,
  { mode, compression, store, work, env, signal }: LayersOptions,
): Promise<ImageLayer[]> {
  const name = programName(info)
  const version = info.program.version === undefined ? '' : ` ${info.program.version}`
  const split = mode === 'split' ? splitExecutable(file, path.join(work, 'split')) : undefined
  const content = { file: split?.program ?? decompressed(file, path.join(work, 'decompressed')) }
  const program = await writeLayer({ path: `/${name}`, content }, compression, store.blobs, signal)
  const runtime = split && (await runtimeLayer(split.runtime, compression, { store, env, signal }))
  return [
    ...(runtime ? [{ ...runtime, comment: `runtime: node ${info.runtime.version} and libraries` }] : []),
    { ...program, comment: `program: ${name}${version}` },
  ]
}

/** Layers are compressed anyway. */
function decompressed(file: string, to: string): string {
  return ExecutableFile.use(file, (executable) => {
    if (executable.compressedSize === undefined) return file
    writeFileSync(to, executable.read(0, executable.size, 'the executable'))
    return to
  })
}

/** Of 45 MB each. */
const KEPT_LAYERS = 4

/** Compressed once: that takes longer than all the rest. */
async function runtimeLayer(
  { bytes, sha256, path: place }: SplitExecutable['runtime'],
  compression: Compression,
  { store, env, signal }: Pick<LayersOptions, 'store' | 'env' | 'signal'>,
): Promise<Layer> {
  const root = cacheRoot(env)
  const { zlib, zstd } = process.versions
  const compressor = compression === 'gzip' ? zlib : zstd
  const key = `layer-${compression}-${compressor}-${process.arch}-${sha256}`
  const fill = async (directory: string) => {
    prune('layer-', KEPT_LAYERS - 1, root)
    const layer = await writeLayer({ path: place, content: bytes }, compression, directory, signal)
    writeFileSync(path.join(directory, FACTS), JSON.stringify(layer))
  }
  const entry = await cached(key, fill, root)
  const layer = JSON.parse(readFileSync(fileOf(entry, FACTS).file, 'utf8')) as Layer
  await store.adopt(layer.descriptor, fileOf(entry, layer.descriptor.digest.slice('sha256:'.length)).file)
  return layer
}

const FACTS = 'layer.json'
