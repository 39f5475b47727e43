// The report of `ingot trace`.

import type { TraceResult } from '../trace-run.ts'
import { displayPath, renderDiagnostic, type Paint } from './render.ts'

/** A program with hundreds of variables has them in the file. */
const SHOWN = 12

export function renderTrace(
  { ending, file, trace, findings, contract }: TraceResult,
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
    ...(contract && Object.keys(contract).length > 0
      ? [
          `  for the configuration, if that is all it may need:\n${indented(`contract: ${literal(contract)},`)}\n`,
        ]
      : []),
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

function indented(text: string): string {
  return text.replaceAll(/^/gm, '    ')
}

/** Of data, as people write it. */
function literal(value: unknown, indent = ''): string {
  if (typeof value !== 'object' || value === null)
    return typeof value === 'string' ? `'${value.replaceAll(/['\\]/g, '\\$&')}'` : String(value)
  const isList = Array.isArray(value)
  const items = Object.entries(value).map(([key, item]) => {
    const name = /^[A-Za-z_$][\w$]*$/.test(key) ? key : `'${key}'`
    return `${isList ? '' : `${name}: `}${literal(item, `${indent}  `)}`
  })
  const [open, close] = isList ? ['[', ']'] : ['{ ', ' }']
  const line = `${open}${items.join(', ')}${close}`
  if (line.length < LINE && !line.includes('\n')) return line
  const inner = `${indent}  `
  return `${open.trim()}\n${items.map((item) => `${inner}${item},\n`).join('')}${indent}${close.trim()}`
}

const LINE = 80
