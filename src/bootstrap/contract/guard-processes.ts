// Programs that are started, at the two native functions in which all of child_process and cluster end, and in
// process.execve. What runs is the file that the contract's name led to when this program started, whatever PATH says by
// then. This executable as node (`run: ['node']`, for fork and cluster) is bound by the same contract: it is told what
// the variables were that decide.

import { RUN_SCRIPT } from '../arguments.ts'
import { replace, type Guarding } from './guard.ts'
import { isInside, type Policy } from './policy.ts'
import {
  append,
  isOneOf,
  ReflectApply,
  resolvePath,
  StringPrototypeIncludes,
  StringPrototypeStartsWith,
  textsOf,
  toText,
} from './primordials.ts'

/** Options of node that neither look inside nor load or write anything. */
const HARMLESS = [
  '--enable-source-maps',
  '--no-warnings',
  '--no-deprecation',
  '--trace-warnings',
  '--trace-uncaught',
  '--throw-deprecation',
  '--expose-gc',
  '-e',
  '--eval',
  '-p',
  '--print',
  '-pe',
  '--input-type',
]
const WITH_VALUE = ['-e', '--eval', '-p', '--print', '-pe', '--input-type']
const HARMLESS_VALUES = [
  '--max-old-space-size=',
  '--max-semi-space-size=',
  '--stack-size=',
  '--stack-trace-limit=',
  '--unhandled-rejections=',
  '--input-type=',
]
const NODE_OPTIONS = '--node-options='

/** @param marks what a child of this executable gets, `name=value`, in place of what it is given for these names */
export function guardProcesses(guarding: Guarding, marks: () => readonly string[]): void {
  const { internals, policy, refuse, realPath } = guarding
  const { processWrap, spawnSync } = internals
  const programFor = (now: Policy, file: string): string => {
    const isNamed = !StringPrototypeIncludes(file, '/')
    if (!isNamed && isInside(file)) {
      if (now.native) return file
      throw refuse('Addon', file)
    }
    const real = isNamed ? undefined : realPath(resolvePath(guarding.workingDirectory(), file), true)
    for (let i = 0; i < now.programs.length; i++) {
      const program = now.programs[i]!
      if (program.file !== undefined && (isNamed ? program.name === file : program.file === real))
        return program.file
    }
    throw refuse('ChildProcess', file)
  }
  /** As processes.ts starts it: name, mark, options for node, directory, options for the bootstrap, script. */
  const askOwn = (now: Policy, given: ArrayLike<unknown>): string[] => {
    const args = textsOf(given)
    let isAllowed = false
    for (let i = 0; i < now.programs.length; i++) isAllowed ||= now.programs[i]!.name === 'node'
    if (!isAllowed || args[1] !== RUN_SCRIPT) throw refuse('ChildProcess', 'node')
    let at = 2
    const options = args[at] ?? ''
    if (StringPrototypeStartsWith(options, NODE_OPTIONS)) {
      let option = ''
      for (let i = NODE_OPTIONS.length; i <= options.length; i++) {
        if (i < options.length && options[i] !== ' ') option += options[i]
        else {
          if (!isHarmless(option)) throw refuse('ChildProcess', `node ${option}`)
          option = ''
        }
      }
      at++
    }
    for (at++; at < args.length; at++) {
      const option = args[at]!
      if (option[0] !== '-' || option === '-' || option === '--') break
      if (!isHarmless(option)) throw refuse('ChildProcess', `node ${option}`)
      // Its value may begin as an option does.
      if (isOneOf(WITH_VALUE, option)) at++
    }
    return args
  }
  const withMarks = (given: ArrayLike<unknown>): string[] => {
    const own = marks()
    const all = textsOf(given)
    const pairs: string[] = []
    for (let i = 0; i < all.length; i++) if (!isMarked(all[i]!, own)) append(pairs, all[i]!)
    for (let i = 0; i < own.length; i++) append(pairs, own[i]!)
    return pairs
  }

  const { prototype } = processWrap.Process
  const { spawn } = prototype
  replace(prototype, 'spawn', function (this: unknown, ...args: any[]) {
    const now = policy()
    if (now) {
      const file = toText(args[0])
      if (file === now.execPath) {
        args[1] = askOwn(now, args[1] ?? [])
        args[3] = withMarks(args[3] ?? [])
      } else args[0] = programFor(now, file)
    }
    return ReflectApply(spawn, this, args)
  })
  const { spawn: runSync } = spawnSync
  spawnSync.spawn = (options: any) => {
    const now = policy()
    if (!now) return runSync(options)
    const file = toText(options.file)
    if (file !== now.execPath) return runSync({ __proto__: null, ...options, file: programFor(now, file) })
    const args = askOwn(now, options.args ?? [])
    return runSync({ __proto__: null, ...options, file, args, envPairs: withMarks(options.envPairs ?? []) })
  }
  const { execve } = process
  if (!execve) return
  replace(process, 'execve', function (file: any, args: any, env: any) {
    const now = policy()
    return ReflectApply(execve, process, [now ? programFor(now, toText(file)) : file, args, env])
  })
}

/** Whether one of them is for the same variable. */
function isMarked(pair: string, marks: readonly string[]): boolean {
  for (let i = 0; i < marks.length; i++) {
    const mark = marks[i]!
    let at = 0
    while (pair[at] === mark[at] && mark[at] !== '=') at++
    if (mark[at] === '=' && pair[at] === '=') return true
  }
  return false
}

/** Whether an option of node leaves the contract what it is. */
export function isHarmless(option: string): boolean {
  for (let i = 0; i < HARMLESS_VALUES.length; i++)
    if (StringPrototypeStartsWith(option, HARMLESS_VALUES[i]!)) return true
  return isOneOf(HARMLESS, option)
}
