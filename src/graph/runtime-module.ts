// `ingot/runtime` (src/runtime.ts) is there for every program, whether Ingot is among its dependencies or not:
// where it is not found, the executable has it in a node_modules directory of its own.

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import type { GeneratedFile } from './graph.ts'
import type { Trace } from './traced-program.ts'
import { stripTypes } from './transform.ts'

export const RUNTIME_MODULE = 'ingot/runtime'

export interface RuntimeUse {
  readonly files: readonly GeneratedFile[]
  readonly waitsForReady: boolean
}

export function useOfRuntime(trace: Trace): RuntimeUse {
  const uses = [...trace.modules.values()].flatMap(({ scan, resolutions }) =>
    ['import', 'require'].flatMap((kind) => {
      const resolution = resolutions.get(`${kind} ${RUNTIME_MODULE}`)
      return resolution ? [{ text: scan.text, resolution }] : []
    }),
  )
  return {
    files: uses.some(({ resolution }) => resolution.kind !== 'file') ? ownFiles() : [],
    waitsForReady: uses.some(({ text }) => /\bready\b/.test(text)),
  }
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
