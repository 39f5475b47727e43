// A command line in three parts: Ingot's options, the program, and what is the program's own and not looked at.

import type { OptionTable } from './arguments.ts'

export interface ProgramArguments {
  /** Everything that says what is built, the entry at its end. */
  readonly build: readonly string[]
  /** What process.argv.slice(2) is to be. */
  readonly program: readonly string[]
}

export function splitProgramArguments(argv: readonly string[], table: OptionTable): ProgramArguments {
  let at = 0
  while (at < argv.length && argv[at]!.startsWith('-') && argv[at] !== '-') {
    const option = argv[at++]!
    if (option === '--') break
    if (takesNext(option, table)) at++
  }
  return { build: argv.slice(0, at + 1), program: argv.slice(at + 1) }
}

/** `--out file` and `-o file`, but not `--out=file`, `-ofile` and `--minify`. */
function takesNext(option: string, table: OptionTable): boolean {
  const name = option.replace(/^--?/, '')
  const spec = option.startsWith('--')
    ? Object.hasOwn(table, name) && table[name]
    : Object.values(table).find(({ short }) => short === name)
  return spec !== false && spec !== undefined && spec.type !== 'boolean'
}
