import { resolve } from 'node:path'
import { BuildError } from '../base/diagnostics.ts'
import type { RuntimeRequest } from './config.ts'
import { kindOf } from './files.ts'
import type { Layer } from './layer.ts'

const DEFAULT: RuntimeRequest = { kind: 'npm', version: '26' }

/** `node@26`, `node@26.10`, `node@26.10.0`, or the path of a node executable. */
export function parseRuntime(picked: { value: string; layer: Layer } | undefined): RuntimeRequest {
  if (picked === undefined) return DEFAULT
  const { value, layer } = picked
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
