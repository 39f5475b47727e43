// `ingot/runtime` (src/runtime.ts) is there for every program, whether Ingot is among its dependencies or not:
// where it is not found, the executable has it in a node_modules directory of its own.

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import type { GeneratedFile } from './graph.ts'
import type { Resolution } from './resolve.ts'
import type { Trace, TracedModule } from './traced-program.ts'
import { stripTypes } from './transform.ts'

export const RUNTIME_MODULE = 'ingot/runtime'

export interface RuntimeUse {
  readonly files: readonly GeneratedFile[]
  readonly waitsForReady: boolean
}

export function useOfRuntime(trace: Trace): RuntimeUse {
  const users = [...trace.modules.values()].filter((module) => runtimeOf(module).length > 0)
  return {
    files: users.some((module) => runtimeOf(module).some(({ kind }) => kind !== 'file')) ? ownFiles() : [],
    waitsForReady: users.some(waitsForReady),
  }
}

/** It may import `ready`. */
export function waitsForReady(module: TracedModule): boolean {
  return runtimeOf(module).length > 0 && /\bready\b/.test(module.scan.text)
}

/** Where the module's references to it lead. */
function runtimeOf({ resolutions }: TracedModule): Resolution[] {
  return ['import', 'require'].flatMap((kind) => resolutions.get(`${kind} ${RUNTIME_MODULE}`) ?? [])
}

function ownFiles(): GeneratedFile[] {
  const manifest = { name: 'ingot', type: 'module', exports: { './runtime': './runtime.js' } }
  return [
    { path: 'node_modules/ingot/package.json', content: JSON.stringify(manifest) },
    { path: 'node_modules/ingot/runtime.js', content: source(), format: 'module' },
  ]
}

/** In a clone, or beside the bundle of the published package. */
function source(): string {
  const file = fileURLToPath(new URL('../runtime.ts', import.meta.url))
  if (existsSync(file)) return stripTypes(readFileSync(file, 'utf8'))!
  return readFileSync(new URL('./runtime.js', import.meta.url), 'utf8')
}
