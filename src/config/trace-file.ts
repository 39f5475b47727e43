// ingot.trace.json as a build reads it. Somebody may have edited it, or merged two of them.

import { readFileSync } from 'node:fs'
import path from 'node:path'
import * as v from 'valibot'

import { BuildError } from '../base/diagnostics.ts'
import { TRACE_VERSION, type TraceFile } from '../base/trace-file.ts'
import type { ProgramTrace } from './config.ts'
import { parseJson } from './json.ts'

const text = v.pipe(v.string('must be a string'), v.nonEmpty('must not be empty'))
const at = v.exactOptional(text)
const items = <Item extends v.ObjectEntries>(entries: Item) =>
  v.array(v.strictObject({ ...entries, at }, 'must be an object'), 'must be an array')
const files = items({
  file: text,
  from: v.picklist(['embedded', 'missing', 'host'], 'must be "embedded", "missing" or "host"'),
})

const schema = v.strictObject(
  {
    version: v.literal(TRACE_VERSION, `must be ${TRACE_VERSION}`),
    modules: files,
    files,
    directories: files,
    links: items({ file: text }),
    written: items({ directory: text }),
    libraries: files,
    variables: items({ name: text }),
    listening: items({ address: text }),
    connections: items({ address: text }),
    processes: items({ file: text, arguments: v.array(v.string('must be a string'), 'must be an array') }),
  },
  'must be an object',
)

const HELP = 'trace the program again (ingot trace), or build without it ("trace": false)'

/** @throws BuildError TRACE_INVALID */
export function readTraceFile(file: string): TraceFile {
  const refuse = (problem: string, cause?: unknown) =>
    new BuildError('TRACE_INVALID', problem, { at: { file }, help: HELP, cause })
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw refuse(`the trace cannot be read: ${(cause as Error).message}`, cause)
  }
  const parsed = parseTrace(text, file)
  const result = v.safeParse(schema, Array.isArray(parsed) ? null : parsed)
  if (result.success) return result.output
  const [issue] = result.issues
  const key = v.getDotPath(issue)
  throw refuse(key === null ? 'the trace must be an object' : `"${key}" ${problemOf(issue)}`)
}

/** A key too many or too few is the object's issue. */
function problemOf({ type, expected, message }: v.BaseIssue<unknown>): string {
  if (type !== 'strict_object' || expected === 'Object') return message
  return expected === 'never' ? 'is not known' : 'is missing'
}

function parseTrace(text: string, file: string): unknown {
  try {
    return parseJson(text, file)
  } catch (error) {
    if (!(error instanceof BuildError)) throw error
    const { message, at: place = { file }, cause } = error
    throw new BuildError('TRACE_INVALID', message, { at: place, help: HELP, cause })
  }
}

/** What a build goes by: files of the program and its packages, by where they lie now. */
export function readProgramTrace(file: string, projectDir: string): ProgramTrace {
  const { modules, files, libraries, links } = readTraceFile(file)
  const inProgram = (used: TraceFile['files']) =>
    used
      .filter(({ from }) => from !== 'host')
      .map((item) => ({ ...item, file: path.resolve(projectDir, item.file) }))
  return {
    modules: inProgram(modules).map(({ file, at }) => ({
      file,
      importer: at === undefined ? undefined : path.resolve(projectDir, at.replace(/:\d+:\d+$/, '')),
    })),
    files: inProgram([...files, ...libraries]).map(({ file }) => file),
    links: links.map(({ file }) => path.resolve(projectDir, file)),
  }
}
