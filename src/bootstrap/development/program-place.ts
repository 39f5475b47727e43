// Where in the program something was done, from the call sites that node gives.

import { toArchivePath } from '../vfs/paths.ts'

export interface CallSite {
  readonly scriptName: string
  readonly lineNumber: number
  readonly columnNumber: number
}

/** Of the program's own modules, or else of a package's, the innermost. */
export function placeIn(sites: readonly unknown[]): {
  at?: { file: string; line: number; column: number }
} {
  const embedded = (sites as readonly CallSite[]).flatMap((site) => {
    const file = site.scriptName.replace(/^file:\/\//, '')
    return toArchivePath(file) === undefined ? [] : [{ ...site, file }]
  })
  const found = embedded.find(({ file }) => !file.includes('/node_modules/')) ?? embedded[0]
  return found ? { at: { file: found.file, line: found.lineNumber, column: found.columnNumber } } : {}
}
