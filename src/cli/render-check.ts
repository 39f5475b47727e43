import type { Check } from '../doctor.ts'
import { renderFinding, type Paint } from './render.ts'

const MARKS = { ok: ['green', 'ok'], warning: ['yellow', 'warning'], broken: ['red', 'broken'] } as const

/** As a diagnostic is shown, with the remedy only where one is needed. */
export function renderCheck(check: Check, cwd: string, paint: Paint): string {
  const [style, word] = MARKS[check.status]
  return renderFinding(`${paint(style, word.padEnd(7))} ${paint('bold', check.code)}`, check, cwd)
}
