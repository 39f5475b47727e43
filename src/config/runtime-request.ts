import { resolve } from 'node:path'
import { BuildError } from '../base/diagnostics.ts'
import type { Target } from '../base/targets.ts'
import type { RuntimeRequest, UserConfig } from './config.ts'
import { kindOf } from './files.ts'
import type { Layer } from './layer.ts'

const DEFAULT: RuntimeRequest = { kind: 'npm', version: '26' }

/** `node@26`, `node@26.10`, `node@26.10.0`, or the path of a node executable. */
export function parseRuntime(
  picked: { value: NonNullable<UserConfig['runtime']>; layer: Layer } | undefined,
  target: Target,
): RuntimeRequest {
  const { value: named, layer } = picked ?? {}
  const value = typeof named === 'object' ? named[target] : named
  if (value === undefined || layer === undefined) return DEFAULT
  const version = /^node@(\d+(?:\.\d+){0,2})$/.exec(value)?.[1]
  if (version !== undefined) return { kind: 'npm', version }

  const file = resolve(layer.baseDir, value)
  if (kindOf(file) === 'file') return { kind: 'path', file }
  const reason = value.includes('/') ? 'names no file' : 'is neither a version nor a file'
  throw new BuildError('CONFIG_RUNTIME', `runtime "${value}" ${reason}`, {
    ...(layer.at && { at: layer.at }),
    help: 'Write node@26, node@26.10.0, or the path of a node executable for the target.',
  })
}
