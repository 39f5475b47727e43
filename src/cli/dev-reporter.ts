// What `ingot dev` says.

import { readFileSync } from 'node:fs'
import path from 'node:path'

import type { Diagnostic, Place } from '../base/diagnostics.ts'
import type { DevelopReporter } from '../develop.ts'
import { failureOf } from './failure.ts'
import type { Host } from './host.ts'
import { displayPath, formatTime, paintFor, renderDiagnostic, renderFailure, type Paint } from './render.ts'

export function devReporter({ stderr, env, cwd }: Host): Omit<DevelopReporter, 'gone'> {
  const paint = paintFor(stderr, env)
  const say = (text: string) => void stderr.write(`${paint('cyan', 'ingot')} ${text}\n`)
  const told = new Set<string>()
  /** What is as it was is not said again with every edit. */
  const tell = (diagnostic: Diagnostic): void => {
    const text = renderDiagnostic(diagnostic, cwd, paint)
    if (!told.has(text)) stderr.write(text)
    told.add(text)
  }
  let hadTypeErrors = false
  const fail = (error: unknown): void => {
    const failure = failureOf(error, env)
    stderr.write(renderFailure(failure, cwd, paint) + codeFrame(failure.at, paint))
  }
  return {
    built({ diagnostics }, because, tookMs) {
      for (const diagnostic of diagnostics) tell(diagnostic)
      if (because.length > 0)
        say(paint('dim', `${changesText(because, cwd)}, built in ${formatTime(tookMs)}`))
    },
    failed: fail,
    listening(url, sinceMs) {
      say(
        `${url === undefined ? 'listening' : paint('bold', url)} ${paint('dim', `after ${formatTime(sinceMs)}`)}`,
      )
    },
    ended({ code, signal }, then) {
      const how = signal === null ? `exit code ${code}` : `signal ${signal}`
      say(paint(code === 0 ? 'dim' : 'yellow', `the program has ended (${how}): ${THEN[then]}`))
    },
    hostFile({ file, at }, root) {
      const name = path.relative(root, file)
      tell({
        severity: 'warning',
        code: 'DEV_HOST_FILE',
        message: `${name} is read from this machine's disk, and is not in the executable`,
        ...(at && { at }),
        help: `build with "include": [${JSON.stringify(name)}] and name it by import.meta.dirname or new URL(…, import.meta.url); or make sure that it is there where the program runs`,
      })
    },
    checked(error) {
      if (error !== undefined) fail(error)
      else if (hadTypeErrors) say(paint('green', 'the types are right'))
      hadTypeErrors = error !== undefined
    },
  }
}

const THEN = {
  again: 'it is started again',
  wait: 'waiting for changes',
  last: 'the last one goes on',
  next: 'the next one takes its place',
} as const

function changesText(files: readonly string[], cwd: string): string {
  const [first, ...others] = files.map((file) => displayPath(file, cwd))
  return others.length === 0 ? `${first}` : `${first} and ${others.length} more`
}

const LINES_AROUND = 2

/** The lines around a place, with a mark under it. */
function codeFrame(at: Place | undefined, paint: Paint): string {
  if (at?.line === undefined) return ''
  const { line, column = 1 } = at
  const lines = linesOf(at.file)
  const first = Math.max(1, line - LINES_AROUND)
  const shown = lines.slice(first - 1, line + LINES_AROUND)
  const width = String(first + shown.length - 1).length
  return shown
    .map((text, i) => {
      const number = first + i
      const row = `${number === line ? '>' : ' '} ${String(number).padStart(width)} | ${text}\n`
      if (number !== line) return paint('dim', row)
      const before = text.slice(0, column - 1).replaceAll(/[^\t]/g, ' ')
      return `${row}  ${' '.repeat(width)} | ${before}${paint('red', '^')}\n`
    })
    .join('')
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n')
  } catch {
    return []
  }
}
