// Where in node the code is that only `--build-sea` runs, of the versions of node that there were when this Ingot was made.
// That nothing else of node refers to it was proven then (scripts/find-sea-builder.ts): it takes a disassembler.

import { readFileSync } from 'node:fs'

import type { SeaBuilder } from './image/elf/sea-builder.ts'

/** By the SHA-256 of node. */
export const KNOWN_BUILDERS = new URL('../launcher/prebuilt/linux-x64/sea-builders.json', import.meta.url)

/** @param sha256 of the node executable, hex */
export function seaBuilderOf(sha256: string): SeaBuilder | undefined {
  return (JSON.parse(readFileSync(KNOWN_BUILDERS, 'utf8')) as Record<string, SeaBuilder>)[sha256]
}
