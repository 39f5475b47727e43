// Pushes an image from a layout. What a tag leads to is there before the tag; what is there already is not sent.

import { openAsBlob } from 'node:fs'
import { setTimeout } from 'node:timers/promises'

import type { BlobStore } from '../oci/blob-store.ts'
import { INDEX, MANIFEST, type Descriptor, type Index, type Manifest } from '../oci/descriptor.ts'
import { Interrupted, type Registry } from './registry.ts'

export interface PushStatistics {
  /** Bytes of blobs and manifests that were sent. */
  readonly uploaded: number
  /** Bytes of blobs that the registry had. */
  readonly known: number
}

export interface PushedImage {
  readonly top: Descriptor
  /** Of this repository. */
  readonly tags: readonly string[]
  readonly manifests: readonly Descriptor[]
  /** Manifests with a subject. */
  readonly artifacts: readonly Descriptor[]
  /** A repository of the same registry that has the blobs. */
  readonly mountFrom: string | undefined
}

/** @throws BuildError PUSH_UNREACHABLE, PUSH_UNAUTHORIZED, PUSH_DENIED, PUSH_REFUSED */
export async function pushImage(
  registry: Registry,
  store: BlobStore,
  { top, tags, manifests, artifacts, mountFrom }: PushedImage,
): Promise<PushStatistics> {
  const push = new Push(registry, store, mountFrom)
  for (const descriptor of manifests) {
    await push.blobsOf(descriptor)
    await push.manifest(descriptor, descriptor.digest)
  }
  for (const descriptor of artifacts) {
    await push.blobsOf(descriptor)
    await push.artifact(descriptor)
  }
  for (const tag of tags) await push.manifest(top, tag)
  return push
}

class Push implements PushStatistics {
  uploaded = 0
  known = 0
  readonly #registry: Registry
  readonly #store: BlobStore
  readonly #mountFrom: string | undefined
  readonly #done = new Set<string>()

  constructor(registry: Registry, store: BlobStore, mountFrom: string | undefined) {
    this.#registry = registry
    this.#store = store
    this.#mountFrom = mountFrom
  }

  async blobsOf({ digest }: Descriptor): Promise<void> {
    const { config, layers } = JSON.parse(this.#store.read(digest).toString()) as Manifest
    for (const blob of [...layers, config]) {
      if (this.#done.has(blob.digest)) continue
      await this.#blob(blob)
      this.#done.add(blob.digest)
    }
  }

  async #blob(blob: Descriptor): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      if (await this.#has(blob)) {
        this.known += blob.size
        return
      }
      const url = await this.#begin(blob)
      if (url === undefined) {
        this.known += blob.size
        return
      }
      try {
        await this.#upload(url, blob)
        return
      } catch (error) {
        const waitMs = this.#registry.retryAfterMs[attempt]
        if (!(error instanceof Interrupted)) throw error
        if (waitMs === undefined) throw error.reason
        await setTimeout(waitMs, undefined, { signal: this.#registry.signal })
      }
    }
  }

  async #has({ digest }: Descriptor): Promise<boolean> {
    const response = await this.#registry.send(`blobs/${digest}`, {
      what: 'a question for a layer',
      method: 'HEAD',
      expect: [200, 404],
    })
    return response.status === 200
  }

  /** Where to upload to; undefined if the registry has taken the blob from another repository. */
  async #begin({ digest }: Descriptor): Promise<URL | undefined> {
    const from = this.#mountFrom
    const { repository } = this.#registry.place
    const query = from === undefined ? '' : `?${new URLSearchParams({ mount: digest, from }).toString()}`
    const response = await this.#registry.send(`blobs/uploads/${query}`, {
      what: 'an upload',
      method: 'POST',
      headers: { 'content-length': '0' },
      expect: [201, 202],
      ...(from !== undefined && {
        scopes: [`repository:${repository}:pull,push`, `repository:${from}:pull`],
      }),
    })
    return response.status === 201 ? undefined : locationOf(response)
  }

  /**
   * In one piece, which is what all registries take. If that breaks off, the registry is asked how much has arrived; if it
   * cannot say, the upload begins anew.
   */
  async #upload(start: URL, { digest, size }: Descriptor): Promise<void> {
    const what = 'the upload of a layer'
    const file = await openAsBlob(this.#store.fileOf(digest))
    let url = start
    let offset = 0
    for (let attempt = 0; offset < size; attempt++) {
      const range = offset === 0 ? {} : { 'content-range': `${offset}-${size - 1}` }
      try {
        const response = await this.#registry.send(url, {
          what,
          method: 'PATCH',
          headers: { 'content-type': 'application/octet-stream', ...range },
          body: offset === 0 ? file : file.slice(offset),
          expect: [202],
          once: true,
        })
        url = locationOf(response)
        this.uploaded += size - offset
        offset = size
      } catch (error) {
        const waitMs = this.#registry.retryAfterMs[attempt]
        if (!(error instanceof Interrupted) || waitMs === undefined) throw error
        await setTimeout(waitMs, undefined, { signal: this.#registry.signal })
        const state = await this.#stateOf(url)
        if (!state || state.offset <= offset || state.offset > size) throw error
        this.uploaded += state.offset - offset
        ;({ url, offset } = state)
      }
    }
    url.searchParams.set('digest', digest)
    await this.#registry.send(url, {
      what,
      method: 'PUT',
      headers: { 'content-length': '0' },
      expect: [201],
      once: true,
    })
  }

  /** How much of an upload has arrived; undefined if the registry does not know. */
  async #stateOf(upload: URL): Promise<{ url: URL; offset: number } | undefined> {
    const response = await this.#registry.send(upload, {
      what: 'a question for an upload',
      expect: [200, 204, 400, 404, 405, 416],
    })
    const last = /^(?:bytes=)?0-(\d+)$/.exec(response.headers.get('range') ?? '')?.[1]
    if (response.status !== 204 || last === undefined || !response.headers.has('location')) return undefined
    return { url: locationOf(response), offset: Number(last) + 1 }
  }

  /** @param name a tag, or its digest */
  async manifest({ mediaType, digest, size }: Descriptor, name: string): Promise<Response | undefined> {
    const known = await this.#registry.send(`manifests/${name}`, {
      what: 'a question for a manifest',
      method: 'HEAD',
      headers: { accept: mediaType },
      expect: [200, 404],
    })
    const isThere =
      known.status === 200 && (name === digest || known.headers.get('docker-content-digest') === digest)
    if (isThere) return undefined
    this.uploaded += size
    return this.#put(name, mediaType, this.#store.read(digest))
  }

  #put(name: string, mediaType: string, content: Buffer): Promise<Response> {
    return this.#registry.send(`manifests/${name}`, {
      what: 'a manifest',
      method: 'PUT',
      headers: { 'content-type': mediaType },
      body: new Uint8Array(content),
      expect: [201, 202],
    })
  }

  /** Distribution specification, "Pushing manifests with subject": a registry that does not list them gets a tag that does. */
  async artifact(descriptor: Descriptor): Promise<void> {
    const response = await this.manifest(descriptor, descriptor.digest)
    if (response?.headers.has('oci-subject')) return
    const { subject } = JSON.parse(this.#store.read(descriptor.digest).toString()) as Manifest
    // An earlier push may have ended between the two.
    if (!response && (await this.#listsReferrers(subject!))) return
    const tag = subject!.digest.replace(':', '-')
    const found = await this.#registry.send(`manifests/${tag}`, {
      what: 'a question for what is attached',
      headers: { accept: INDEX },
      expect: [200, 404],
    })
    const before = found.status === 200 ? ((await found.json()) as Index).manifests : []
    if (before.some(({ digest }) => digest === descriptor.digest)) return
    const listed = { ...descriptor, mediaType: MANIFEST }
    const index: Index = { schemaVersion: 2, mediaType: INDEX, manifests: [...before, listed] }
    const content = Buffer.from(JSON.stringify(index))
    this.uploaded += content.length
    await this.#put(tag, INDEX, content)
  }

  async #listsReferrers({ digest }: Descriptor): Promise<boolean> {
    const response = await this.#registry.send(`referrers/${digest}`, {
      what: 'a question for what is attached',
      expect: [200, 400, 404, 405],
    })
    return response.status === 200
  }
}

function locationOf(response: Response): URL {
  return new URL(response.headers.get('location') ?? '', response.url)
}
