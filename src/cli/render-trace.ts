// The report of `ingot trace`.

import type { TraceResult } from '../trace-run.ts'
import { displayPath, renderDiagnostic, type Paint } from './render.ts'

/** A program with hundreds of variables has them in the file. */
const SHOWN = 12

export function renderTrace(
  { ending, file, trace, findings }: TraceResult,
  cwd: string,
  paint: Paint,
): string {
  const { modules, files, libraries, variables, listening, connections, processes, written } = trace
  const how = ending.signal === null ? `exit code ${ending.code}` : `signal ${ending.signal}`
  const elsewhere = files.filter(({ from, file }) => from === 'host' && file.startsWith('/'))
  const rows: [label: string, items: readonly string[]][] = [
    ['variables', variables.map(({ name }) => (name === '*' ? 'all of them' : name))],
    ['listens', listening.map(({ address }) => address)],
    ['connects', connections.map(({ address }) => address)],
    ['starts', processes.map(({ file, arguments: args }) => [file, ...args].join(' '))],
    ['libraries', libraries.map(({ file }) => file)],
    ['reads', elsewhere.map(({ file }) => file)],
    ['writes in', written.map(({ directory }) => directory)],
  ]
  return [
    ...findings.map((finding) => renderDiagnostic(finding, cwd, paint)),
    `${paint('green', 'traced')} ${paint('bold', displayPath(file, cwd))}  ${count(modules.length, 'module')}, ${count(files.length, 'file')}, ${how}\n`,
    ...rows
      .filter(([, items]) => items.length > 0)
      .map(([label, items]) => `  ${label.padEnd(10)}  ${listed(items)}\n`),
  ].join('')
}

function listed(items: readonly string[]): string {
  const unique = [...new Set(items)]
  const more = unique.length - SHOWN
  return more > 0 ? `${unique.slice(0, SHOWN).join(', ')} and ${more} more` : unique.join(', ')
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
