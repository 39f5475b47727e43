// Text for people, as pure functions of the data. Colours are a parameter, so plain text is the same text.

import { isAbsolute, relative } from 'node:path'
import { styleText } from 'node:util'
import type { BuildParts, BuildResult, Reproduction } from '../base/build-result.ts'
import { formatPlace, type Diagnostic, type Place } from '../base/diagnostics.ts'
import type { Failure } from './failure.ts'
import type { Host, Output } from './host.ts'

type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan'
export type Paint = (style: Style, text: string) => string

/** https://no-color.org, https://force-color.org; a dumb terminal cannot. */
export function paintFor(output: Output, env: Host['env']): Paint {
  const forced = env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '0'
  const coloured = !env.NO_COLOR && (forced || (output.isTTY === true && env.TERM !== 'dumb'))
  return coloured ? (style, text) => styleText(style, text, { validateStream: false }) : (_, text) => text
}

export function renderDiagnostic(diagnostic: Diagnostic, cwd: string, paint: Paint): string {
  const label = paint(diagnostic.severity === 'warning' ? 'yellow' : 'cyan', diagnostic.severity)
  return renderFinding(`${label} ${paint('bold', diagnostic.code)}`, diagnostic, cwd)
}

export function renderFailure(failure: Failure, cwd: string, paint: Paint): string {
  const head =
    failure.code === 'INTERNAL'
      ? paint('red', 'internal error')
      : `${paint('red', 'error')} ${paint('bold', failure.code)}`
  return renderFinding(head, failure, cwd) + (failure.stack === undefined ? '' : `${failure.stack}\n`)
}

interface Finding {
  readonly message: string
  readonly at?: Place
  readonly help?: string
}

/** `warning CODE file:1:2  message`, then the help below it. */
export function renderFinding(head: string, { message, at, help }: Finding, cwd: string): string {
  const place = at === undefined ? '' : ` ${formatPlace({ ...at, file: displayPath(at.file, cwd) })}`
  const remedy = help === undefined ? '' : `  help: ${indent(help, 8)}\n`
  return `${head}${place}  ${indent(message, 2)}\n${remedy}`
}

const PARTS = {
  runtime: 'runtime',
  libraries: 'libraries',
  code: 'code',
  codeCache: 'code cache',
  assets: 'assets',
  index: 'index',
  info: 'build info',
} as const satisfies Record<keyof BuildParts, string>

export function renderSummary(result: BuildResult, cwd: string, paint: Paint): string {
  const { modules, parts, runtime, libraries } = result
  const origins: Partial<Record<keyof BuildParts, string>> = {
    runtime: `node ${runtime.version} (${runtime.origin})`,
    libraries: libraries.origin + (libraries.reproducible ? '' : ', not reproducible'),
  }
  const table = Object.entries(PARTS).map(([part, label]) => {
    const key = part as keyof BuildParts
    const origin = origins[key] === undefined ? [] : [paint('dim', origins[key])]
    return row(label, formatSize(parts[key]).padStart(8), ...origin)
  })
  const kept = `${modules.bundled} bundled, ${modules.files} kept as files, ${count(modules.assets, 'asset')}`
  const natives = [...new Set(result.native.map((code) => code.package))]
  const path = paint('bold', displayPath(result.out, cwd))
  const { compressedSize } = result
  const size =
    compressedSize === undefined
      ? formatSize(result.size)
      : `${formatSize(compressedSize)} (${formatSize(result.size)} decompressed)`
  return [
    `${paint('green', result.isUpToDate ? 'up to date' : 'built')} ${path}  ${size} for ${result.target} in ${formatTime(result.elapsedMs)}`,
    ...table,
    row('modules', kept),
    row('start', startText(result.start)),
    ...(result.reproduction ? reproductionRows(result.reproduction) : []),
    ...(natives.length > 0 ? [row('native', natives.join(', '))] : []),
    ...(modules.external.length > 0 ? [row('left out', modules.external.join(', '))] : []),
    '',
  ].join('\n')
}

export function startText(start: BuildResult['start']): string {
  if (start.kind === 'cold') return start.reason === undefined ? 'cold' : `cold: ${start.reason}`
  const where = start.module === undefined ? '' : ` in ${start.module}`
  return `frozen before ${start.barrier}${where}, ${formatSize(start.bytes)}`
}

function reproductionRows({ sha256, frozenLeftOut, unless }: Reproduction): string[] {
  const how = frozenLeftOut ? '  with --start cold: a frozen process is another one in each build' : ''
  return [
    row('same twice', `sha256 ${sha256}${how}`),
    ...unless.map((reason) => row('', `but not everywhere: ${reason}`)),
  ]
}

function row(label: string, ...cells: string[]): string {
  return `  ${label.padEnd(10)}  ${cells.join('  ')}`.trimEnd()
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

/** Decimal units, as disks and networks count. */
export function formatSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  return bytes < 999_950 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}

export function formatTime(ms: number): string {
  return ms < 999.5 ? `${Math.round(ms)} ms` : `${(ms / 1e3).toFixed(1)} s`
}

/** Relative to the cwd, unless the way there is longer than the path itself. */
export function displayPath(file: string, cwd: string): string {
  if (!isAbsolute(file)) return file
  const short = relative(cwd, file)
  return short !== '' && short.length < file.length ? short : file
}

function indent(text: string, width: number): string {
  return text.replaceAll('\n', `\n${' '.repeat(width)}`)
}
