// Paths that have changed, and what depends on them.

import { lstatSync, realpathSync } from 'node:fs'
import path from 'node:path'

import type { Inputs } from '../base/inputs.ts'

/**
 * Absolute paths of what has changed, appeared or gone; of a directory, anything in it may have. undefined: anything
 * anywhere may have.
 */
export type Changes = ReadonlySet<string> | undefined

export function withMore(changes: Changes, more: readonly string[] | undefined): Changes {
  return changes && more && new Set([...changes, ...more.flatMap(namesOf)])
}

/** As it was called, and with the links before it followed: files are known by where they really are. */
function namesOf(file: string): string[] {
  try {
    return [file, path.join(realpathSync(path.dirname(file)), path.basename(file))]
  } catch {
    return [file] // its directory is gone
  }
}

export function concern(
  changes: Changes,
  { files, listings = [], incomplete }: { files: readonly string[] } & Partial<Inputs>,
): boolean {
  if (changes === undefined || (incomplete !== undefined && changes.size > 0)) return true
  for (const changed of changes) {
    if (files.some((file) => isIn(file, changed))) return true
    const directory = path.dirname(changed)
    if (listings.some((listing) => listing.directory === directory || isIn(listing.directory, changed)))
      return true
  }
  return false
}

/**
 * Without what came and went, as editors have it: that was never an input, and is not there now.
 * @param inputs what the last version was made of
 */
export function withoutPassing(changes: Changes, inputs: Inputs): Changes {
  const isPassing = (changed: string) =>
    !lstatSync(changed, { throwIfNoEntry: false }) &&
    !inputs.files.some((file) => isIn(file, changed)) &&
    !inputs.listings.some(({ directory }) => isIn(directory, changed))
  return changes && new Set([...changes].filter((changed) => !isPassing(changed)))
}

function isIn(file: string, place: string): boolean {
  return file === place || (file.startsWith(place) && file[place.length] === '/')
}
