// An inspected executable -> what its report shows.

import path from 'node:path'

import { ownerFinder } from '../base/owner-finder.ts'
import type { InspectedEntry, Inspection, Region } from '../inspect/inspection.ts'
import type { Fact, FileRow, ReportData } from './data.ts'
import { mapOf } from './map.ts'

export interface Inspected {
  readonly inspection: Inspection
  readonly entries: readonly InspectedEntry[]
  readonly regions: readonly Region[]
  readonly notices: ReportData['notices']
}

export function describe({ inspection, entries, regions, notices }: Inspected): ReportData {
  const { info, size, fuses } = inspection
  const { program, packages, native, crypto, contract } = info
  const modules = new Set(entries.filter(({ isModule }) => isModule).map((entry) => entry.path))
  const name = path.basename(inspection.file)
  const title = [program.name ?? name, program.version].filter(Boolean).join(' ')
  return {
    name,
    size,
    title,
    facts: factsOf(inspection),
    map: mapOf(regions, packages, (file) => modules.has(file)),
    files: fileRows(inspection, entries),
    packages: packages.map((each) => ({ ...each, notices: [] })), // in `notices`, each text once
    native,
    crypto,
    contract,
    fuses: Object.entries(fuses),
    notices,
  }
}

function factsOf({ info, start, seal, reproducible }: Inspection): Fact[] {
  const { program, entries, runtime, libraries, vcs } = info
  const commit = vcs && `${vcs.commit}${vcs.dirty ? ', with changes that are not committed' : ''}`
  const facts: [string, string | undefined][] = [
    ['Program', [program.name, program.version].filter(Boolean).join(' ')],
    ['Licence', program.license],
    ['Entries', entries.map(({ name, path }) => `${name}: ${path}`).join(', ')],
    ['Target', info.target],
    ['Start', start],
    ['Built by', `Ingot ${info.ingot}`],
    ['Node', `${runtime.version} (${runtime.origin})`],
    ['Node’s SHA-256', runtime.sha256],
    [
      'Made of',
      Object.entries(runtime.components)
        .map((pair) => pair.join(' '))
        .join(', '),
    ],
    [
      'Libraries',
      `${libraries.origin}: ${libraries.packages.map(({ name, version }) => `${name} ${version}`).join(', ')}`,
    ],
    ['Commit', commit],
    ['Left out', info.external.join(', ')],
    ['Seal', seal?.root ?? 'none'],
    ['Module graph', info.moduleGraph],
    ['Configuration', info.config],
    [
      'Reproducible',
      reproducible.unless.length === 0 ? 'yes' : `not where ${reproducible.unless.join('; ')}`,
    ],
  ]
  return facts.filter((fact): fact is [string, string] => fact[1] !== undefined && fact[1] !== '')
}

function fileRows({ info }: Inspection, entries: readonly InspectedEntry[]): FileRow[] {
  const owner = ownerFinder(info.packages)
  const packageOf = (file: string) => {
    const found = owner(file)
    return found ? `${found.name} ${found.version}` : ''
  }
  const kept = entries
    .filter(({ kind }) => kind !== 'directory')
    .map(({ path, kind, size, isModule, codeSize, cacheSize }): FileRow => {
      const shown = kind === 'link' ? 'link' : isModule ? 'module' : 'asset'
      return { path, kind: shown, package: packageOf(path), size, code: codeSize, cache: cacheSize }
    })
  const bundled = info.bundled.map(({ path, size }): FileRow => ({
    path,
    kind: 'bundled',
    package: packageOf(path),
    size,
    code: 0,
    cache: 0,
  }))
  return [...kept, ...bundled].toSorted((a, b) => b.size - a.size)
}
