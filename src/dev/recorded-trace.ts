// What the processes of a traced program have said, as the file that is kept of it.

import path from 'node:path'

import {
  identityOf,
  sorted,
  TRACE_VERSION,
  type FileOrigin,
  type TraceFile,
  type Used,
  type UsedFile,
} from '../base/trace-file.ts'
import { VIRTUAL_ROOT } from '../format/archive.ts'
import type { ProgramPlace, Touch, TouchReport } from '../format/touches.ts'

export interface ProgramPlaces {
  /** The real directory that the virtual root stands for. */
  readonly root: string
  /** Names are relative to it. */
  readonly projectDir: string
}

type Kind = Touch['kind']

/** @param reports of all processes, in the order in which they came */
export function recordedTrace(reports: readonly TouchReport[], places: ProgramPlaces): TraceFile {
  const { root, projectDir } = places
  const nameOf = (file: string): string => {
    const isVirtual = isBelow(file, VIRTUAL_ROOT)
    const real = isVirtual ? path.join(root, path.relative(VIRTUAL_ROOT, file)) : file
    const isOfProgram = isVirtual || isBelow(real, root)
    return isOfProgram ? path.relative(projectDir, real) || '.' : real
  }
  const placed = (at: ProgramPlace | undefined): { at?: string } => {
    if (!at) return {}
    const { file, line, column } = at
    return { at: [nameOf(file), line, column].filter((part) => part !== undefined).join(':') }
  }
  const of = <K extends Kind>(kind: K) =>
    reports.filter(
      (report): report is TouchReport & { touch: Touch & { kind: K } } => report.touch.kind === kind,
    )
  const files = (kind: 'module' | 'file' | 'directory' | 'library'): UsedFile[] =>
    unique(
      of(kind).map(({ touch: { file, isMissing = false }, at }) => {
        const from: FileOrigin = !isBelow(file, VIRTUAL_ROOT) ? 'host' : isMissing ? 'missing' : 'embedded'
        return { file: nameOf(file), from, ...placed(at) }
      }),
    )
  // Another one the next time.
  const chosen = new Set(of('listening').map(({ touch }) => `:${touch.chosenPort}`))
  const withoutChosen = (address: string) =>
    address.replace(/:\d+$/, (port) => (chosen.has(port) ? ':0' : port))
  const addresses = (kind: 'listening' | 'connection'): Used<'address'>[] =>
    unique(of(kind).map(({ touch, at }) => ({ address: withoutChosen(touch.address), ...placed(at) })))

  const modules = files('module')
  const loaded = new Set(modules.map(({ file }) => file))
  const libraries = files('library')
  for (const { file } of libraries) loaded.add(file)
  return {
    version: TRACE_VERSION,
    modules,
    files: files('file').filter(({ file, from }) => from !== 'embedded' || !loaded.has(file)),
    directories: files('directory'),
    links: unique(of('link').map(({ touch, at }) => ({ file: nameOf(touch.file), ...placed(at) }))),
    written: unique(
      of('written').map(({ touch, at }) => ({ directory: nameOf(touch.directory), ...placed(at) })),
    ),
    libraries,
    variables: unique([
      ...of('variable').map(({ touch, at }) => ({ name: touch.name, ...placed(at) })),
      ...of('environment').map(({ at }) => ({ name: '*', ...placed(at) })),
    ]),
    listening: addresses('listening'),
    connections: addresses('connection'),
    processes: unique(
      of('process').map(({ touch, at }) => ({
        file: touch.file.includes('/') ? nameOf(touch.file) : touch.file,
        arguments: touch.arguments.map((argument) =>
          path.isAbsolute(argument) ? nameOf(argument) : argument,
        ),
        ...placed(at),
      })),
    ),
  }
}

/** Threads and children do the same as others: the first counts. */
function unique<Item extends object>(items: readonly Item[]): Item[] {
  const found = new Map<string, Item>()
  for (const item of items) {
    const key = identityOf(item)
    if (!found.has(key)) found.set(key, item)
  }
  return sorted([...found.values()])
}

function isBelow(file: string, directory: string): boolean {
  return file === directory || file.startsWith(`${directory}/`)
}
