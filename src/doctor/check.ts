// What the doctor finds. Type file, and the few ways to say it.

import type { Place } from '../base/diagnostics.ts'

export interface Check {
  /** Stable, upper snake case; scripts may match on it. */
  readonly code: string
  /** `warning`: something works less well than it could, or will only be known later; `broken`: builds or runs fail. */
  readonly status: 'ok' | 'warning' | 'broken'
  readonly message: string
  readonly at?: Place
  /** What to do about it. */
  readonly help?: string
}

export function ok(code: string, message: string): Check {
  return { code, status: 'ok', message }
}

export function warning(code: string, message: string, help: string, file?: string): Check {
  return { code, status: 'warning', message, help, ...(file !== undefined && { at: { file } }) }
}

export function broken(code: string, message: string, help: string, file?: string): Check {
  return { ...warning(code, message, help, file), status: 'broken' }
}
