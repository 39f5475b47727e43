// The user's npm registry: with fetch where it can do what npm is configured to, else with npm.

import { fetchRegistry } from './fetch-registry.ts'
import { npmRegistry } from './npm-client.ts'
import type { Registry, RegistryOptions } from './registry-contract.ts'
import { fetchCanHonour, withTransport } from './transport.ts'

export async function withRegistry<T>(
  options: RegistryOptions,
  use: (registry: Registry) => Promise<T>,
): Promise<T> {
  const { settings, env } = options
  if (!fetchCanHonour(settings, env)) return use(npmRegistry(options))
  return withTransport(settings, env, () => use(fetchRegistry(options)))
}
