// What of node every cold start uses, whatever the program: the launcher compares it with the file before it begins.
// Which pages these are is known of the versions of node that there were when this Ingot was made
// (scripts/find-used-pages.ts): found out by each build, they would make each build another one.

import { readFileSync } from 'node:fs'

import { PAGE_SIZE } from './format/archive.ts'
import {
  constantRanges,
  usedRuns,
  VERIFIED_RUN_SIZE,
  withChecksums,
  writeVerifiedRun,
} from './image/elf/verified-runs.ts'
import type { FrozenSupport } from './image/image.ts'

/** By the SHA-256 of node: numbers of pages and lengths of runs, in turn. */
export const KNOWN_PAGES = new URL('../launcher/prebuilt/linux-x64/node-pages.json', import.meta.url)

export function readKnownPages(): Record<string, number[]> {
  return JSON.parse(readFileSync(KNOWN_PAGES, 'utf8'))
}

/**
 * @param support of the base: where the file has what of node is inside
 * @param linked the file's bytes, as far as they are node's
 * @param moved the pages that have what one of the node executable has had
 * @returns struct verified_run of launcher/frozen.h, one behind the other; nothing of a node that is not known
 */
export function usedAtStart(
  support: FrozenSupport,
  linked: Uint8Array,
  { sha256, moved }: NodeOrigin,
): Uint8Array {
  const ranges = constantRanges(support)
  const pages = pagesOf(readKnownPages()[sha256] ?? []).flatMap(moved)
  const runs = usedRuns(ranges, ranges, pages, LARGEST_GAP)
  const bytes = new Uint8Array(runs.length * VERIFIED_RUN_SIZE)
  const view = new DataView(bytes.buffer)
  const verified = withChecksums(runs, (offset, size) => linked.subarray(offset, offset + size))
  verified.forEach((run, i) => writeVerifiedRun(view, i * VERIFIED_RUN_SIZE, run))
  return bytes
}

interface NodeOrigin {
  /** Of the node executable, hex. */
  readonly sha256: string
  readonly moved: (page: number) => readonly number[]
}

const LARGEST_GAP = 2 * PAGE_SIZE

/** Addresses of all pages of such a list. */
export function pagesOf(numbers: readonly number[]): number[] {
  const pages: number[] = []
  for (let i = 0; i + 1 < numbers.length; i += 2) {
    for (let k = 0; k < numbers[i + 1]!; k++) pages.push((numbers[i]! + k) * PAGE_SIZE)
  }
  return pages
}
