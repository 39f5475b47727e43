// What the program sees of the machine that it runs on.

import { existsSync, readdirSync, writeFileSync } from 'node:fs'

export interface HostFacts {
  readonly uid: number | undefined
  /** Names in `/`. */
  readonly root: readonly string[]
  readonly hasProc: boolean
  /** What became of an attempt to write a file into `/`: an error code, or `written`. */
  readonly writing: string
}

export function describeHost(): HostFacts {
  return {
    uid: process.getuid?.(),
    root: readdirSync('/'),
    hasProc: existsSync('/proc/self'),
    writing: tryToWrite('/ingot-example-was-here'),
  }
}

function tryToWrite(file: string): string {
  try {
    writeFileSync(file, '', { flag: 'wx' })
    return 'written'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  }
}
