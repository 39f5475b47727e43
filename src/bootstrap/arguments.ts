// Reads an executable's command line: a start of the program, or, from the program's own
// child_process, of one of its scripts as node would start it.

import { HAS_LAUNCHER, ROOT, SEPARATOR } from './platform.ts'

/** First argument of a child that is to behave as node. The launcher knows it too (launch.c). */
export const RUN_SCRIPT = '\u0001ingot-run'
/** In the environment of such a child: without it the launcher does not let the argument count. */
export const CHILD_VARIABLE = '\u0001INGOT_CHILD=1'

/** What node tells of itself, and then ends. */
export type Help = 'node' | 'v8'
const HELP = new Map<string, Help>([
  ['-h', 'node'],
  ['--help', 'node'],
  ['--v8-options', 'v8'],
])

/** A script, with what `node` was asked to do around it. */
export interface ScriptCommand {
  /** As given; undefined with `evaluate`. */
  readonly script: string | undefined
  /** Without `code` it is what standard input says. */
  readonly evaluate:
    | { readonly code: string | undefined; readonly print: boolean; readonly isModule: boolean }
    | undefined
  /** Nothing is run then. */
  readonly help: Help | undefined
  /** Options before the script, for process.execArgv. */
  readonly execArgv: readonly string[]
  readonly preload: readonly string[]
  /** Variables to be set, of which the environment has none; of two files that have one the later counts. */
  readonly environment: readonly { readonly file: string; readonly isOptional: boolean }[]
  /** Options of V8, to be set now; node has taken its own already. */
  readonly v8Flags: readonly string[]
  readonly args: readonly string[]
  readonly workingDirectory: string | undefined
}

/** Options of node that take the next argument. */
export interface OptionTable {
  takesValue(name: string): boolean
  isV8(name: string): boolean
}

/** @param args what follows the executable's name */
export function readScriptCommand(args: readonly string[], options: OptionTable): ScriptCommand | undefined {
  if (args[0] !== RUN_SCRIPT || !isOwnChild()) {
    const isEmbedded = args[0]?.startsWith(ROOT + SEPARATOR)
    return isEmbedded ? parse(undefined, args, options) : undefined
  }
  return parse(args[1] || undefined, args.slice(2), options)
}

/** Whoever starts the program must not make it node: the launcher, or here we, look for the marker. */
function isOwnChild(): boolean {
  if (HAS_LAUNCHER) return true
  const [name = '', value] = CHILD_VARIABLE.split('=')
  const isMarked = process.env[name] === value
  delete process.env[name]
  return isMarked
}

function parse(
  workingDirectory: string | undefined,
  args: readonly string[],
  options: OptionTable,
): ScriptCommand {
  const rest = [...args]
  const execArgv: string[] = []
  const preload: string[] = []
  const environment: ScriptCommand['environment'][number][] = []
  const v8Flags: string[] = []
  let help: Help | undefined
  let code: string | undefined
  let print = false
  let inputType = ''
  while (rest[0]?.startsWith('-') && rest[0] !== '-') {
    const option = rest.shift()!
    execArgv.push(option)
    if (option === '--') break
    const equals = option.indexOf('=')
    const name = (equals === -1 ? option : option.slice(0, equals)).replaceAll('_', '-')
    const value = () => {
      if (equals !== -1) return option.slice(equals + 1)
      const next = rest.shift() ?? ''
      execArgv.push(next)
      return next
    }
    if (['-e', '--eval', '-p', '--print', '-pe'].includes(name)) {
      code = value()
      print = name !== '-e' && name !== '--eval'
    } else if (name === '-r' || name === '--require') preload.push(value())
    else if (name === '--env-file' || name === '--env-file-if-exists')
      environment.push({ file: value(), isOptional: name !== '--env-file' })
    else if (name === '-v' || name === '--version') code = 'console.log(process.version)'
    else if (HELP.has(name)) help ??= HELP.get(name)
    else if (name === '--input-type') inputType = value()
    else if (options.isV8(name)) v8Flags.push(option)
    else if (options.takesValue(name)) value()
  }
  const hasScript = code === undefined && rest.length > 0 && rest[0] !== '-'
  return {
    script: hasScript ? rest.shift() : undefined,
    evaluate: hasScript ? undefined : { code, print, isModule: inputType === 'module' },
    help,
    execArgv: execArgv.at(-1) === '--' ? execArgv.slice(0, -1) : execArgv,
    preload,
    environment,
    v8Flags,
    args: rest,
    workingDirectory,
  }
}

/** The launcher hides options from node that it would obey whoever wrote them. */
export function restoreArguments(args: readonly string[]): string[] {
  return args.map((arg) => (arg.startsWith('\u0001-') ? arg.slice(1).padStart(arg.length, '-') : arg))
}
