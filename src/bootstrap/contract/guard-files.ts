// Files of the machine, at the native functions in which all of node:fs ends. What is asked about is the real path, with
// links followed, and what is then opened is the absolute one: a program cannot change its directory in between.

import { constants } from 'node:fs'

import { guard, replace, type Guarding } from './guard.ts'
import { isAbove, isBelow, isInside, type Policy } from './policy.ts'
import {
  dirname,
  ReflectApply,
  ReflectConstruct,
  resolvePath,
  StringPrototypeIncludes,
  textOfPath,
  toText,
} from './primordials.ts'
import { deliver } from './refusal.ts'

/** `look`: whether it is there, and what it is. `flags`: as the argument behind it says. */
type Use = 'look' | 'read' | 'write' | 'both' | 'flags'
type PathArgument = readonly [index: number, use: Use, link?: 'itself']

/** Of the binding: the arguments that are paths. */
const PATHS: Record<string, readonly PathArgument[]> = {
  access: [[0, 'look']],
  existsSync: [[0, 'look']],
  internalModuleStat: [[0, 'look']],
  stat: [[0, 'look']],
  lstat: [[0, 'look', 'itself']],
  statfs: [[0, 'look']],
  realpath: [[0, 'look']],
  readlink: [[0, 'look', 'itself']],
  open: [[0, 'flags']],
  openFileHandle: [[0, 'flags']],
  readFileUtf8: [[0, 'flags']],
  readdir: [[0, 'read']],
  readdirRecursive: [[0, 'read']],
  legacyMainResolve: [[0, 'read']],
  getFormatOfExtensionlessFile: [[0, 'read']],
  writeFileUtf8: [[0, 'write']],
  mkdir: [[0, 'write']],
  mkdtemp: [[0, 'write']],
  rmdir: [[0, 'write', 'itself']],
  rmSync: [[0, 'write', 'itself']],
  unlink: [[0, 'write', 'itself']],
  rename: [
    [0, 'write', 'itself'],
    [1, 'write', 'itself'],
  ],
  // Who may write to one of its names may write to the file.
  link: [
    [0, 'both', 'itself'],
    [1, 'write', 'itself'],
  ],
  symlink: [[1, 'write', 'itself']],
  copyFile: [
    [0, 'read'],
    [1, 'write'],
  ],
  cpSyncCheckPaths: [
    [0, 'read'],
    [1, 'write'],
  ],
  cpSyncOverrideFile: [
    [0, 'read'],
    [1, 'write'],
  ],
  cpSyncCopyDir: [
    [0, 'read'],
    [1, 'write'],
  ],
  chmod: [[0, 'write']],
  chown: [[0, 'write']],
  lchown: [[0, 'write', 'itself']],
  utimes: [[0, 'write']],
  lutimes: [[0, 'write', 'itself']],
}

/** Of a file that is open: whoever has it may do that. */
const BY_DESCRIPTOR = [
  'close',
  'read',
  'readBuffers',
  'writeBuffer',
  'writeBuffers',
  'writeString',
  'fdatasync',
  'fsync',
  'ftruncate',
  'fstat',
]
/** They work for who may only read. */
const CHANGE_BY_DESCRIPTOR = ['fchmod', 'fchown', 'futimes']
const CLASSES = [
  'FSReqCallback',
  'FileHandle',
  'StatWatcher',
  'ReadFileJob',
  'WriteFileJob',
  'CpDirJob',
  'statValues',
]

const { O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND } = constants
const ACCESS_MODE = 3

export function guardFiles(guarding: Guarding): void {
  const { internals, policy, refuse } = guarding
  const { fs: binding, fsDir, requireBuiltin } = internals
  const files = new FileRules(guarding)
  const ask = (args: unknown[], paths: readonly PathArgument[]) => {
    const now = policy()
    if (!now) return
    for (let i = 0; i < paths.length; i++) files.ask(now, args, paths[i]!)
  }
  for (const [name, paths] of Object.entries(PATHS)) guardRequest(binding, name, (args) => ask(args, paths))
  guardRequest(binding, 'symlink', (args) => {
    const now = policy()
    if (now) files.askTarget(now, args[0], args[1])
  })
  for (const name of CHANGE_BY_DESCRIPTOR) {
    guardRequest(binding, name, (args) => {
      const now = policy()
      if (now) files.askDescriptor(now, args[0])
    })
  }
  // What nobody here knows would be a way around.
  const known = [...Object.keys(PATHS), ...BY_DESCRIPTOR, ...CHANGE_BY_DESCRIPTOR, ...CLASSES]
  for (const [name, value] of Object.entries(binding)) {
    if (typeof value !== 'function' || known.includes(name)) continue
    guardRequest(binding, name, () => {
      if (policy()) throw refuse('Internals', `fs.${name}`)
    })
  }
  const reads: readonly PathArgument[] = [[0, 'read']]
  for (const name of ['opendir', 'opendirSync']) guardRequest(fsDir, name, (args) => ask(args, reads))
  const { FSEvent } = requireBuiltin('internal/test/binding').internalBinding('fs_event_wrap')
  for (const { prototype } of [FSEvent, binding.StatWatcher])
    guard(prototype, 'start', (args) => ask(args, reads))
  guardJobs()

  function guardRequest(target: any, name: string, judge: (args: unknown[]) => void): void {
    const native = target[name]
    if (typeof native !== 'function') return
    const { kUsePromises } = binding
    replace(target, name, function (this: unknown, ...args: unknown[]) {
      try {
        judge(args)
      } catch (error) {
        if (name === 'existsSync') return false
        // A package that is looked for from directory to directory is not there.
        if (name === 'internalModuleStat' && StringPrototypeIncludes(toText(args[0]), '/node_modules'))
          return -2
        return deliver(args, kUsePromises, error as Error)
      }
      return ReflectApply(native, this, args)
    })
  }

  /** Their constructors take paths and flags, and node:fs has the classes already: there `run` is told the path. */
  function guardJobs(): void {
    const jobs: Record<string, { paths: readonly PathArgument[]; run?: PathArgument }> = {
      ReadFileJob: { paths: [[0, 'flags']], run: [0, 'read'] },
      WriteFileJob: { paths: [[0, 'write']], run: [0, 'write'] },
      CpDirJob: {
        paths: [
          [0, 'read'],
          [1, 'write'],
        ],
      },
    }
    for (const [name, { paths, run }] of Object.entries(jobs)) {
      const made = binding[name]
      if (!made) continue
      const { prototype } = made
      binding[name] = function (...args: unknown[]) {
        ask(args, paths)
        return ReflectConstruct(made, args)
      }
      binding[name].prototype = prototype
      // An instance leads there (async_hooks shows some).
      Object.defineProperty(prototype, 'constructor', { value: Object })
      if (!run) continue
      const native = prototype.run
      prototype.run = function (this: { ondone: Function }, ...args: unknown[]) {
        const given = args[0]
        try {
          const now = policy()
          if (now) files.askJob(now, given, run)
        } catch (error) {
          setImmediateOf(() => ReflectApply(this.ondone, this, [error]))
          return undefined
        }
        return ReflectApply(native, this, [given])
      }
    }
    const fs = requireBuiltin('fs')
    const { readFile } = fs
    // Its flag is known to the native job alone; whoever means to write says so to fs.open.
    replace(fs, 'readFile', function (file: unknown, options: any, callback: unknown) {
      if (!policy() || typeof options !== 'object' || options === null)
        return arguments.length < 3 ? readFile(file, options) : readFile(file, options, callback)
      // Each is read once.
      const { encoding, flag = 'r', signal, buffer } = options
      if (flag !== 'r' && flag !== 'rs' && flag !== 'sr' && flag !== constants.O_RDONLY)
        throw refuse('FileSystemWrite', `readFile with the flag ${toText(flag)}`)
      return readFile(file, { __proto__: null, encoding, flag, signal, buffer }, callback)
    })
  }
}

const setImmediateOf = setImmediate
/** What is no UTF-8 becomes. */
const REPLACEMENT = '\uFFFD'

class FileRules {
  readonly #guarding: Guarding

  constructor(guarding: Guarding) {
    this.#guarding = guarding
  }

  /** Makes the argument absolute. */
  ask(policy: Policy, args: unknown[], argument: PathArgument): void {
    const index = argument[0]
    const use = argument[1]
    const file = this.#absolute(args[index], use)
    if (file === undefined || isInside(file)) return
    this.#askFor(policy, file, use === 'flags' ? useOf(args[index + 1]) : use, argument[2] !== 'itself')
    // A slash at its end says that it has to be a directory.
    args[index] = endsWithSlash(args[index]) && file !== '/' ? `${file}/` : file
  }

  /** The native job has the path as it was written: it must be one that cannot mean something else by then. */
  askJob(policy: Policy, given: unknown, argument: PathArgument): void {
    this.ask(policy, [given], argument)
    const isSettled = typeof given === 'string' && (given[0] === '/' || !StringPrototypeIncludes(given, '..'))
    if (!isSettled)
      throw this.#guarding.refuse('FileSystemRead', `${toText(given)}: write an absolute path, as text`)
  }

  askTarget(policy: Policy, target: unknown, link: unknown): void {
    const file = this.#absolute(link, 'write')
    const text = textOfPath(target)
    if (file === undefined || text === undefined) return
    const { realPath, refuse } = this.#guarding
    const real = realPath(resolvePath(realPath(dirname(file), true), text), true)
    if (!isInside(real) && !isBelow(real, policy.reads)) throw refuse('FileSystemRead', real)
  }

  askDescriptor(policy: Policy, descriptor: unknown): void {
    const file = this.#guarding.realPath(`/proc/self/fd/${descriptor as number}`, true)
    if (!isBelow(file, policy.writes)) throw this.#guarding.refuse('FileSystemWrite', file)
  }

  #absolute(given: unknown, use: Use): string | undefined {
    if (typeof given === 'number') return undefined
    const text = textOfPath(given)
    if (text === undefined) return undefined // node says what is wrong with it
    if (StringPrototypeIncludes(text, REPLACEMENT))
      throw this.#guarding.refuse(use === 'write' ? 'FileSystemWrite' : 'FileSystemRead', text)
    return resolvePath(this.#guarding.workingDirectory(), text)
  }

  #askFor(policy: Policy, file: string, use: Exclude<Use, 'flags'>, followLast: boolean): void {
    const { realPath, refuse } = this.#guarding
    const real = realPath(file, followLast)
    const mayRead = isBelow(real, policy.reads)
    switch (use) {
      case 'look':
        if (mayRead || isAbove(real, policy.reads)) return
        throw refuse('FileSystemRead', real)
      case 'read':
        if (mayRead) return
        throw refuse('FileSystemRead', real)
      case 'write':
      case 'both':
        if (isBelow(real, policy.writes)) return
        throw refuse('FileSystemWrite', real)
    }
  }
}

function useOf(flags: unknown): 'read' | 'write' {
  const number = typeof flags === 'number' ? flags : O_RDWR
  const isForWriting =
    (number & ACCESS_MODE) === O_WRONLY ||
    (number & ACCESS_MODE) === O_RDWR ||
    (number & (O_CREAT | O_TRUNC | O_APPEND)) !== 0
  return isForWriting ? 'write' : 'read'
}

function endsWithSlash(given: unknown): boolean {
  const text = textOfPath(given)
  return text !== undefined && text.length > 0 && text[text.length - 1] === '/'
}
