// A layer is one source of configuration: the flags, the configuration file, "ingot" in package.json.

import type { ConfigFlags, UserConfig } from './config.ts'
import type { Place } from '../base/diagnostics.ts'
import type { Inputs } from '../base/inputs.ts'

export interface Layer {
  readonly values: ConfigFlags
  /** Directory that its relative paths start from. */
  readonly baseDir: string
  /** The file to name in errors; flags have none. */
  readonly at?: Place
  /** What its values depend on besides that file. */
  readonly inputs?: Inputs
}

/** The value that counts for a key, with the layer it comes from. */
export function pick<Key extends keyof UserConfig>(
  layers: readonly Layer[],
  key: Key,
): { value: NonNullable<ConfigFlags[Key]>; layer: Layer } | undefined {
  for (const layer of layers) {
    const value = layer.values[key]
    if (value !== undefined) return { value, layer }
  }
  return undefined
}

/** `{ minify: undefined }` means the same as no key: it must not hide the layer below. */
export function withoutUndefined<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T
}
