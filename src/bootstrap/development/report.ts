// A line in a file: it can be written by any thread and child of the program, until its very end.

import type { Report } from '../../format/development.ts'
import type { Internals } from '../internals.ts'

export function reportTo({ requireBuiltin }: Internals, file: string): (report: Report) => void {
  const { appendFileSync } = requireBuiltin('fs')
  return (report) => {
    try {
      appendFileSync(file, `${JSON.stringify(report)}\n`)
    } catch {
      // The program goes on without it: the disk is full, or `ingot dev` has ended.
    }
  }
}
