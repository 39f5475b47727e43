// Pushes an image under all its tags, whatever registries they are in.

import type { Pushed } from './base/image-result.ts'
import type { BlobStore } from './output/oci/blob-store.ts'
import type { WrittenImage } from './output/oci/write-image.ts'
import { findCredentials } from './output/oci-registry/credentials.ts'
import { pushImage } from './output/oci-registry/push.ts'
import type { Reference } from './output/oci-registry/reference.ts'
import { Registry, type RegistryOptions } from './output/oci-registry/registry.ts'
import { withTransport } from './runtimes/transport.ts'

interface PushOptions extends Pick<RegistryOptions, 'insecure' | 'signal' | 'retryAfterMs'> {
  readonly env: NodeJS.ProcessEnv
}

/**
 * Through the proxies that the environment names.
 * @throws BuildError PUSH_…
 */
export function pushTo(
  references: readonly Reference[],
  written: WrittenImage,
  store: BlobStore,
  options: PushOptions,
): Promise<Pushed[]> {
  const { env } = options
  const direct = [env['no_proxy'] || env['NO_PROXY'], 'localhost', '127.0.0.1', '::1']
  return withTransport(new Map(), { ...env, no_proxy: direct.filter(Boolean).join(',') }, () =>
    pushToEach(references, written, store, options),
  )
}

async function pushToEach(
  references: readonly Reference[],
  { top, platforms }: WrittenImage,
  store: BlobStore,
  { env, ...options }: PushOptions,
): Promise<Pushed[]> {
  const pushed: Pushed[] = []
  const repositories = Map.groupBy(references, ({ registry, repository }) => `${registry}/${repository}`)
  for (const [place, ...others] of repositories.values()) {
    const { registry, repository } = place!
    const credentials = await findCredentials(registry, repository, env)
    const connection = new Registry({ registry, repository }, { ...options, credentials })
    const tags = [place!, ...others].map(({ tag }) => tag)
    const { uploaded, known } = await pushImage(connection, store, {
      top,
      tags,
      manifests: platforms.map(({ manifest }) => manifest),
      artifacts: platforms.flatMap(({ sbom }) => sbom ?? []),
      mountFrom: pushed.find((it) => it.registry === registry)?.repository,
    })
    pushed.push({ registry, repository, tags, uploaded, known })
  }
  return pushed
}
