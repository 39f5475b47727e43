// Where an image layout ends up: a directory, or a tar of one. Each gets its name when it is complete.

import { createWriteStream, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'

import { packTar } from 'modern-tar/fs'

import { BuildError } from '../../base/diagnostics.ts'
import { outputError, removeUnfinished, temporaryFor, type OutputKind } from '../executable.ts'
import { BlobStore } from './blob-store.ts'
import { INDEX, type Descriptor, type Index } from './descriptor.ts'

/** Image specification, image-layout.md */
const MARK = 'oci-layout'
const INDEX_FILE = 'index.json'
const BLOBS = 'blobs/sha256'
/** The specification's annotation for a tag, and what containerd and Docker read. */
const TAG = 'org.opencontainers.image.ref.name'
const NAME = 'io.containerd.image.name'

/** Of an image: `name:tag` in full, and the tag alone. */
export interface LayoutTag {
  readonly name: string
  readonly tag: string
}

export interface LayoutContents {
  readonly top: Descriptor
  readonly tags: readonly LayoutTag[]
  /** What is attached to it. */
  readonly artifacts: readonly Descriptor[]
}

export interface Workspace {
  readonly store: BlobStore
  /** For files that are needed on the way. */
  readonly work: string
}

/**
 * Makes a layout under a temporary name beside `out`, and removes what is left under that name.
 * @throws BuildError OUTPUT_UNWRITABLE, OUTPUT_DISK_FULL
 */
export async function withLayout<T>(out: string, use: (space: Workspace) => Promise<T>): Promise<T> {
  removeUnfinished(out)
  const directory = temporaryFor(out)
  try {
    const work = path.join(directory, 'work')
    await mkdir(work, { recursive: true })
    return await use({ store: new BlobStore(path.join(directory, 'layout')), work })
  } catch (error) {
    throw outputError(error, out, IMAGE)
  } finally {
    await rm(directory, { recursive: true, force: true }).catch(() => {})
  }
}

const IMAGE: OutputKind = { what: 'image', room: '250 MB plus the program, twice', option: '--output' }

/**
 * A directory. In a layout that is there the image takes the place of one with the same tag, beside others.
 * @throws BuildError OUTPUT_UNWRITABLE if something else is there
 */
export async function publishDirectory(
  store: BlobStore,
  contents: LayoutContents,
  out: string,
): Promise<void> {
  const added = [...contents.tags.map((tag) => tagged(contents.top, tag)), ...contents.artifacts]
  const before = readIndex(out)
  if (!before) {
    finish(store, added)
    await rename(store.directory, out)
    return
  }
  for (const name of await readdir(store.blobs))
    await rename(path.join(store.blobs, name), path.join(out, BLOBS, name))
  const isOld = (other: Descriptor) =>
    !added.some((it) =>
      it.annotations ? it.annotations[TAG] === other.annotations?.[TAG] : it.digest === other.digest,
    )
  const manifests = [...before.manifests.filter(isOld), ...added]
  // Last, and at once: until then nobody sees the new blobs.
  writeFileSync(path.join(store.directory, INDEX_FILE), JSON.stringify({ ...before, manifests }))
  await rename(path.join(store.directory, INDEX_FILE), path.join(out, INDEX_FILE))
}

/** A tar, for `podman load`, `docker load` and skopeo's oci-archive. They take one image, so the index names nothing else. */
export async function publishTar(
  store: BlobStore,
  { top, tags }: LayoutContents,
  out: string,
): Promise<void> {
  finish(
    store,
    tags.map((tag) => tagged(top, tag)),
  )
  const blobs = (await readdir(store.blobs)).toSorted().map((name) => `${BLOBS}/${name}`)
  const temporary = temporaryFor(out)
  const sources = [MARK, INDEX_FILE, ...blobs].map((name) => ({
    type: 'file' as const,
    source: path.join(store.directory, name),
    target: name,
    mode: 0o644,
    mtime: new Date(0),
    uid: 0,
    gid: 0,
  }))
  try {
    await pipeline(packTar(sources), createWriteStream(temporary))
    await rename(temporary, out)
  } finally {
    await rm(temporary, { force: true }).catch(() => {})
  }
}

function tagged(top: Descriptor, { name, tag }: LayoutTag): Descriptor {
  return { ...top, annotations: { [TAG]: tag, [NAME]: name } }
}

function finish({ directory }: BlobStore, manifests: readonly Descriptor[]): void {
  const index: Index = { schemaVersion: 2, mediaType: INDEX, manifests }
  writeFileSync(path.join(directory, MARK), '{"imageLayoutVersion":"1.0.0"}')
  writeFileSync(path.join(directory, INDEX_FILE), JSON.stringify(index))
}

/** Undefined: there is nothing, or an empty directory, which a rename replaces. */
function readIndex(out: string): Index | undefined {
  try {
    if (existsSync(path.join(out, MARK)))
      return JSON.parse(readFileSync(path.join(out, INDEX_FILE), 'utf8')) as Index
  } catch (cause) {
    throw new BuildError('OUTPUT_UNWRITABLE', 'the layout that is there has no index that can be read', {
      at: { file: path.join(out, INDEX_FILE) },
      help: 'remove it, or choose another place with --output',
      cause,
    })
  }
  return undefined
}
