// Puts an image together in a layout that is being made: configs, manifests, SBOMs as attached artifacts, an index.

import { annotationsOf, imageConfig, type ImageSubject } from './image-config.ts'
import type { BlobStore } from './blob-store.ts'
import {
  bare,
  CONFIG,
  CYCLONEDX,
  EMPTY,
  INDEX,
  MANIFEST,
  type Descriptor,
  type Index,
  type Manifest,
} from './descriptor.ts'
import type { Layer } from './layer.ts'

export interface PlatformImage extends ImageSubject {
  /** The lowest first; what it is, for people. */
  readonly layers: readonly (Layer & { readonly comment: string })[]
  /** CycloneDX as JSON. */
  readonly sbom: string | undefined
}

export interface WrittenImage {
  /** What a tag leads to: the manifest of the one platform, or an index of several. */
  readonly top: Descriptor
  readonly platforms: readonly { readonly manifest: Descriptor; readonly sbom: Descriptor | undefined }[]
}

export function writeImage(store: BlobStore, images: readonly PlatformImage[]): WrittenImage {
  const platforms = images.map((image) => {
    const manifest = writeManifest(store, image)
    return { manifest, sbom: image.sbom === undefined ? undefined : attachSbom(store, image.sbom, manifest) }
  })
  const [first] = platforms
  if (platforms.length === 1) return { top: first!.manifest, platforms }
  const index: Index = {
    schemaVersion: 2,
    mediaType: INDEX,
    manifests: platforms.map(({ manifest }) => manifest),
    annotations: annotationsOf(images[0]!),
  }
  return { top: store.put(INDEX, index), platforms }
}

function writeManifest(store: BlobStore, image: PlatformImage): Descriptor {
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: store.put(CONFIG, imageConfig(image, image.layers)),
    layers: image.layers.map(({ descriptor }) => descriptor),
    annotations: annotationsOf(image),
  }
  return { ...store.put(MANIFEST, manifest), platform: image.platform }
}

/** Image specification 1.1, manifest.md: an artifact whose subject is the image. */
function attachSbom(store: BlobStore, sbom: string, subject: Descriptor): Descriptor {
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST,
    artifactType: CYCLONEDX,
    config: store.put(EMPTY, '{}'),
    layers: [store.put(CYCLONEDX, sbom)],
    subject: bare(subject),
  }
  return { ...store.put(MANIFEST, manifest), artifactType: CYCLONEDX }
}
