// String literals that lead somewhere although nothing imports them: whoever computes what is loaded takes the
// names from there.

import type { Package } from './packages.ts'
import { packageNameOf } from './resolve.ts'
import type { Scan } from './scan.ts'

/** A module that computes what it imports mostly takes it from literals nearby. */
export function namedFiles({ computed, names }: Scan): string[] {
  return computed.length > 0 ? [...names].filter((name) => /^\.{1,2}\//.test(name)) : []
}

/** Transports, dialects, presets: packages that the program names in a string and a library loads. */
export function namedDependencies({ references, names }: Scan, owner: Package | undefined): string[] {
  const { dependencies = {}, optionalDependencies = {} } = owner?.json ?? {}
  return Object.keys({ ...dependencies, ...optionalDependencies }).filter((name) => {
    const isImported = references.some((reference) => packageNameOf(reference.specifier) === name)
    return !isImported && [...names].some((text) => text === name || text.startsWith(`${name}/`))
  })
}
