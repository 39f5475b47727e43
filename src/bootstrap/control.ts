// How the bootstrap talks to the launcher (launcher/control.c).

import { HAS_LAUNCHER } from './platform.ts'

/** Paths that are messages to the launcher: below a file, so nobody's. */
export const CONTROL_ROOT = '/dev/null/ingot/'
/** Of a build run: what the launcher reports on (launcher/frozen.h), and the bootstrap reads from and writes to. */
export const REPORT_DESCRIPTOR = 3

/** Says something to the launcher; true if its answer is yes. */
export type Tell = (message: string) => boolean

/** Where there is no launcher nobody hears, and all answers are no: anybody could have made files of those names. */
export function tellerOf({ existsSync }: { readonly [name: string]: any }): Tell {
  return HAS_LAUNCHER ? (message) => existsSync(CONTROL_ROOT + message) : () => false
}
