// `ingot inspect`, `ingot licenses` and `ingot diff`: what an executable says of itself, in the forms that people and tools read.

import type { InspectedSignature, Inspection } from './inspect/inspection.ts'
import { compareExecutables, readExecutable } from './inspect/read-executable.ts'
import { readLicenses } from './inspect/read-licenses.ts'
import { sha256File } from './runtimes/hash.ts'

export type { Changes, Change, Differences } from './inspect/differences.ts'
export type { InspectedSignature, Inspection }
export { compareExecutables, readExecutable as inspect }

export type SbomFormat = 'cyclonedx' | 'spdx'

/**
 * @param created when the SBOM is written
 * @throws BuildError as readExecutable
 */
export async function sbomOf(file: string, format: SbomFormat, created: Date): Promise<string> {
  const { info, size } = readExecutable(file)
  const subject = { info, size, sha256: await sha256File(file) }
  switch (format) {
    case 'cyclonedx':
      return (await import('./output/sbom/cyclonedx.ts')).toCycloneDx(subject, created)
    case 'spdx':
      return (await import('./output/sbom/spdx.ts')).toSpdx(subject, created)
  }
}

/** A licence or notice, and all that comes under it. */
export interface Notice {
  /** `node 26.10.0`, `fastify 5.6.1 (MIT)` */
  readonly of: readonly string[]
  /** Undefined: it has none with it. */
  readonly text: string | undefined
}

/** Of everything inside, each text once. @throws BuildError as readExecutable */
export function noticesOf(file: string, { info }: Pick<Inspection, 'info'> = readExecutable(file)): Notice[] {
  const { ingot, runtime, libraries, packages } = info
  const versions = new Map(libraries.packages.map(({ name, version }) => [name, version]))
  versions.set('ingot', ingot).set('node', runtime.version)
  const byText = new Map<string | undefined, string[]>()
  const add = (of: string, text: string | undefined) => {
    const known = byText.get(text)
    if (known) known.push(of)
    else byText.set(text, [of])
  }
  for (const [name, text] of Object.entries(readLicenses(file))) {
    add([name, versions.get(name)].filter(Boolean).join(' '), text.trim())
  }
  for (const { name, version, license, notices } of packages) {
    const of = `${name} ${version}${license === undefined ? '' : ` (${license})`}`
    for (const text of notices.length > 0 ? notices : [undefined]) add(of, text)
  }
  // What has no text comes last.
  return [...byText]
    .map(([text, of]) => ({ of: [...new Set(of)], text }))
    .toSorted((a, b) => Number(a.text === undefined) - Number(b.text === undefined))
}
