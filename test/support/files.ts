// Small trees of files, written and read back as plain objects.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** Path with `/` -> content; an object becomes JSON. */
export type Files = Readonly<Record<string, string | Uint8Array | object>>

export function writeFiles(directory: string, files: Files): string {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(directory, name)
    mkdirSync(path.dirname(file), { recursive: true })
    const isRaw = typeof content === 'string' || content instanceof Uint8Array
    writeFileSync(file, isRaw ? content : `${JSON.stringify(content, null, 2)}\n`)
  }
  return directory
}

/** Every file below a directory, as latin1 text so that bytes stay bytes. */
export function readFiles(directory: string): Record<string, string> {
  const names = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)))
  return Object.fromEntries(
    names.toSorted().map((name) => [name, readFileSync(path.join(directory, name), 'latin1')]),
  )
}
