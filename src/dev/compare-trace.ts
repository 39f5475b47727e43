// What a traced run has shown that a build does not know, or should: missing includes and unused ones, what is read
// from this machine and will not be there in production, and where computed imports have led to.

import path from 'node:path'

import type { Diagnostic, Place } from '../base/diagnostics.ts'
import { packageInPath } from '../base/package-in-path.ts'
import { TRACE_NAME, type TraceFile, type UsedFile } from '../base/trace-file.ts'

/** What the build believes that ran. Paths are absolute. */
export interface Belief {
  readonly projectDir: string
  /** Patterns of the configuration. */
  readonly include: readonly string[]
  readonly embedded: readonly string[]
  /** The run has ended with something else than exit code 0. */
  readonly hasFailed: boolean
  /** Of its graph stage. */
  readonly diagnostics: readonly Diagnostic[]
}

export function compareTrace(trace: TraceFile, belief: Belief): Diagnostic[] {
  return [
    ...missingFiles(trace, belief),
    ...notCompiled(trace, belief),
    ...missingNames(trace, belief),
    ...hostFiles(trace, belief),
    ...hostCode(trace, belief),
    ...unusedIncludes(trace, belief),
    ...computedImports(trace, belief),
  ]
}

/** By the pattern that would include them: plugins come in dozens. */
function missingFiles({ modules, files, libraries }: TraceFile, belief: Belief): Diagnostic[] {
  const missing = [...modules, ...libraries, ...files].filter(({ from }) => from === 'missing')
  const groups = Map.groupBy(missing, ({ file }) => patternOf(file))
  return [...groups].map(([pattern, group]) => {
    const [first] = group as [UsedFile]
    const names = unique(group.map(({ file }) => file))
    const include = names.length > 1 ? pattern : first.file
    return {
      severity: 'warning',
      code: 'TRACE_MISSING_INCLUDE',
      message: `${listed(names)} ${names.length > 1 ? 'are' : 'is'} used, and no build finds ${names.length > 1 ? 'them' : 'it'} without this trace`,
      ...placeOf(first, belief),
      help: `keep ${TRACE_NAME}, with which builds embed ${names.length > 1 ? 'them' : 'it'}; or name all that may be used: "include": [${JSON.stringify(include)}]`,
    }
  })
}

/** Where a run has ended because of what only a compiler understands, and a build compiles. */
function notCompiled({ modules }: TraceFile, { hasFailed }: Belief): Diagnostic[] {
  const names = modules
    .filter(({ file, from }) => from === 'missing' && COMPILED.test(file))
    .map(({ file }) => file)
  if (!hasFailed || names.length === 0) return []
  return [
    {
      severity: 'info',
      code: 'TRACE_NOT_COMPILED',
      message: `${listed(names)} came from the disk, with no more done to ${names.length > 1 ? 'them' : 'it'} than types taken out`,
      help: 'if the run has failed because of that, go on from this one, which builds can compile: ingot trace --add',
    },
  ]
}

const COMPILED = /\.(?:[cm]?ts|tsx|jsx)$/

function patternOf(file: string): string {
  const owner = packageInPath(file)
  return owner ? path.join(owner.directory, '**') : path.join(path.dirname(file), `*${path.extname(file)}`)
}

function missingNames({ directories }: TraceFile, belief: Belief): Diagnostic[] {
  // Packages bring along what is for other machines: it is left out on purpose.
  const missing = directories.filter(({ file, from }) => from === 'missing' && !packageInPath(file))
  return missing
    .filter(({ file }) => !missing.some((above) => file.startsWith(`${above.file}/`)))
    .map((used) => ({
      severity: 'warning',
      code: 'TRACE_MISSING_NAMES',
      message: `${used.file} is listed, and has more names here than in the executable`,
      ...placeOf(used, belief),
      help:
        used.file === '.'
          ? 'name what is to be there under "include"'
          : `name what is to be there: "include": [${JSON.stringify(path.join(used.file, '**'))}]`,
    }))
}

/** Files in the project that are asked for by their path on this machine: those elsewhere are somebody else's. */
function hostFiles({ files, directories }: TraceFile, belief: Belief): Diagnostic[] {
  const ofProject = (used: readonly UsedFile[]) =>
    used.filter(({ file, from }) => from === 'host' && !path.isAbsolute(file))
  const say = (used: UsedFile, verb: string, pattern: string): Diagnostic => {
    const embed = `build with "include": [${JSON.stringify(pattern)}] and name it by import.meta.dirname or new URL(…, import.meta.url); or `
    return {
      severity: 'warning',
      code: 'TRACE_HOST_FILE',
      message: `${used.file} is ${verb} on this machine's disk, which production does not have`,
      ...placeOf(used, belief),
      help: `${used.file === '.' ? '' : embed}see to it that what it looks for is there where the program runs`,
    }
  }
  return [
    ...ofProject(files).map((used) => say(used, 'read', used.file)),
    ...ofProject(directories).map((used) => say(used, 'listed', path.join(used.file, '**'))),
  ]
}

function hostCode({ modules, libraries }: TraceFile, belief: Belief): Diagnostic[] {
  return [...modules, ...libraries]
    .filter(({ from }) => from === 'host')
    .map((used) => ({
      severity: 'warning',
      code: 'TRACE_HOST_CODE',
      message: `${used.file} is code that is loaded from this machine's disk`,
      ...placeOf(used, belief),
      help: 'import it by a path relative to the importing module, or see to it that it is there where the program runs',
    }))
}

function unusedIncludes(
  { modules, files, directories, libraries }: TraceFile,
  { include, embedded, projectDir }: Belief,
): Diagnostic[] {
  const used = new Set([...modules, ...files, ...libraries].map(({ file }) => path.resolve(projectDir, file)))
  const listed = directories.map(({ file }) => path.resolve(projectDir, file))
  return include
    .map((pattern) => ({ pattern, found: embedded.filter((file) => matches(file, pattern)) }))
    .filter(({ found }) => found.length > 0)
    .filter(({ found }) => !found.some((file) => used.has(file) || listed.includes(path.dirname(file))))
    .map(({ pattern, found }) => ({
      severity: 'info',
      code: 'TRACE_UNUSED_INCLUDE',
      message: `nothing that the include '${path.relative(projectDir, pattern)}' embeds was used (${count(found.length, 'file')})`,
      help: 'remove it, unless another run needs it',
    }))
}

function matches(file: string, pattern: string): boolean {
  return file === pattern || file.startsWith(path.join(pattern, '/')) || path.matchesGlob(file, pattern)
}

/** What the build could not evaluate, and what the run has made of it. */
function computedImports(
  { modules, libraries }: TraceFile,
  { diagnostics, projectDir }: Belief,
): Diagnostic[] {
  const computed = diagnostics.filter(({ code }) => code === 'DYNAMIC_IMPORT' || code === 'DYNAMIC_REQUIRE')
  return computed.flatMap((diagnostic) => {
    const { at } = diagnostic
    if (!at) return []
    const importer = path.relative(projectDir, at.file)
    const evaluated = modules.some(({ file }) => file === importer)
    if (!evaluated) return [notSeen(diagnostic)]
    const there = [...modules, ...libraries]
      .filter((used) => isAt(used, importer, at.line))
      .map(({ file }) => file)
    return [
      {
        severity: 'info',
        code: 'TRACE_COMPUTED',
        message: there.length > 0 ? `it has loaded ${listed(there)}` : 'it has loaded nothing in this run',
        at,
      },
    ]
  })
}

function notSeen({ at }: Diagnostic): Diagnostic {
  return {
    severity: 'warning',
    code: 'TRACE_NOT_REACHED',
    message: 'this computed import is in a module that the run has not come to',
    ...(at && { at }),
    help: 'trace a run that comes there, and add it to this one: ingot trace --add',
  }
}

/** Only the module is known where node loads in the background. */
function isAt({ at = '' }: UsedFile, importer: string, line: number | undefined): boolean {
  return at === importer || at.startsWith(`${importer}:${line}:`)
}

/** What the trace says of where something was used. */
export function placeOf(
  { at }: { readonly at?: string },
  { projectDir }: Pick<Belief, 'projectDir'>,
): { at?: Place } {
  if (at === undefined) return {}
  const [, file = at, line, column] = /^(.*):(\d+):(\d+)$/.exec(at) ?? []
  const place = { file: path.resolve(projectDir, file) }
  return { at: line === undefined ? place : { ...place, line: Number(line), column: Number(column) } }
}

const SHOWN = 5

function listed(names: readonly string[]): string {
  const more = names.length - SHOWN
  return more > 0 ? `${names.slice(0, SHOWN).join(', ')} and ${more} more` : names.join(', ')
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)]
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
