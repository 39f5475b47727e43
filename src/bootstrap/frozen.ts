// Makes a process that can be frozen at the build and thawed at any later start (launcher/freeze.c).
//
// What the program finds out through system calls is found out after the thaw: the launcher freezes the
// process before the first one. What is left is what node has put into JavaScript when it started, and
// randomness. Here each of these is made a property that freezes the process when it is first looked at,
// and that then tells the truth about the process that was thawed.

import path from 'node:path'

import { decodeTraining, type Training } from '../format/training.ts'
import { copyArguments } from './argument-copies.ts'
import { answerQuestion } from './argument-queries.ts'
import { codeAtCallSite, isOperandOfTypeof } from './call-site.ts'
import type { CompileWatch } from './compile.ts'
import { CONTROL_ROOT, REPORT_DESCRIPTOR, tellerOf } from './control.ts'
import type { Internals } from './internals.ts'
import { watchOtherContexts } from './other-contexts.ts'
import { compileNatives } from './natives.ts'
import { keepingCode } from './trained-code.ts'
import type { Archive } from './vfs/archive.ts'
import {
  deferCertificates,
  deferColors,
  deferProcessExports,
  deferResolvers,
  processFacts,
  replaceKernelRelease,
  type ProcessFacts,
} from './node-facts.ts'
import { putOffTimeZone } from './time-zone.ts'

// What a program replaces or locks before it is frozen is not in the way when it is thawed.
const { apply, defineProperty, getOwnPropertyDescriptor } = Reflect
const { now: dateNow } = Date
const { performance } = globalThis
const { now } = Performance.prototype

export interface Freezing {
  /** What the program is known to need. */
  readonly training: Training
  /**
   * From here on the first thing that a build cannot know freezes the process.
   * @param program what process.argv is to be behind the executable, once it is known
   * @param isDateFree reading it is no barrier
   * @returns to be told what is loaded
   */
  arm(program: (start: Start) => string[], options: { readonly isDateFree: boolean }): CompileWatch
  /** Called at the last step of the program before a barrier that only the kernel finds. */
  beforeBarrier: () => void
  /** Now it is the program that runs. */
  begin: () => void
  /**
   * Freezes it here, and returns when it is thawed: with the command line of that start.
   * @param reason launcher/control.c knows both
   */
  settle(reason?: 'barrier' | 'ready'): Start
  /** Called back by the first `settle` in a thawed process. */
  onSettled(callback: () => void): void
  isBuilding(): boolean
  /** Only the young generation. */
  collectYoungGarbage: () => void
}

/** What differs from start to start. */
export interface Start {
  readonly pid: number
  readonly argv0: string
  /** What follows argv[0]. */
  readonly args: readonly string[]
  readonly execPath: string
}

/** Undefined in a cold start. */
export function detectFreezing(internals: Internals, archive: Archive): Freezing | undefined {
  const { fs, v8 } = internals
  const readFile = fs.readFileUtf8 as (file: string, flags: number) => string
  const readLink = fs.readlink as (file: string, encoding: string) => string
  const tell = tellerOf(fs)
  if (!tell('is-freezing')) return undefined

  const garbage = exposeGarbageCollector(internals)
  const training = readTraining(internals)
  const collectGarbage = () => {
    garbage.collect()
    preparePatterns(training)
    tell('trim')
  }
  let start: Start | undefined
  const replaced: ((start: Start) => void)[] = []
  const isBuilding = () => tell('is-freezing')
  const settle: Freezing['settle'] = (reason = 'barrier') => {
    if (start) return start
    if (isBuilding()) collectGarbage()
    tell(reason)
    const [pid, argv0 = '', ...args] = readFile(`${CONTROL_ROOT}arguments`, 0).split('\0').slice(0, -1)
    start = { pid: Number(pid), argv0, args, execPath: executablePath(readLink, argv0) }
    for (let i = 0; i < replaced.length; i++) replaced[i]!(start)
    return start
  }
  const freezing: Freezing = {
    settle,
    beforeBarrier: training.endsAtStep ? settle : collectGarbage,
    onSettled: (callback) => void replaced.push(callback),
    isBuilding,
    collectYoungGarbage: garbage.collectYoung,
    begin() {
      // V8 counts the payload as memory that was allocated since the last collection: a start would soon collect.
      collectGarbage()
      tell('begin')
    },
    training,
    arm(program, { isDateFree }) {
      const commandLine = (now: Start) => [now.execPath, ...program(now)]
      // With a date a second build run need not go the way of the first one.
      if (!isDateFree) putOffTimeZone(internals, freezing, replaced)
      const codeThatAsks = () => (isBuilding() ? codeAtCallSite(internals, archive) : undefined)
      const copy = isDateFree ? undefined : copyArguments(internals, freezing, commandLine, replaced)
      const facts = processFacts()
      replaceProperties({
        settle,
        commandLine,
        facts,
        replaced,
        define: definer(v8),
        answerQuestion(all) {
          const code = codeThatAsks()
          return code && answerQuestion(internals, code, all, copy)
        },
      })
      deferStreams(facts, settle, replaced)
      tell(`random/${drainRandom(replaceRandom(internals, settle, replaced))}`)
      replaceKernelRelease(internals)
      const isAskedForType = () => {
        const code = codeThatAsks()
        return code !== undefined && isOperandOfTypeof(code)
      }
      replaceTimeOrigin(internals, settle, replaced, isAskedForType)
      deferCertificates(internals)
      deferColors(internals, settle)
      deferResolvers(internals, settle, replaced)
      process.chdir('/') // node remembers the working directory until it changes
      if (isDateFree) tell('date-is-free')
      const onModule = deferProcessExports(internals, facts, settle, replaced)
      tell('arm')
      // Where no JavaScript runs at the barrier, garbage is collected after the last step before it.
      let steps = 0
      const step = () => {
        if (tell('step') && ++steps === training.steps) freezing.beforeBarrier()
      }
      return {
        onModule: (source, url) => (onModule(source, url), step()),
        onEvaluated: step,
      }
    },
  }
  return freezing
}

/** The builder writes it into the socket through which the launcher reports. */
function readTraining({ requireBuiltin }: Internals): Training {
  const { readSync } = requireBuiltin('fs')
  return decodeTraining((size) => {
    const bytes = Buffer.alloc(size)
    for (let at = 0; at < size;) {
      const count = readSync(REPORT_DESCRIPTOR, bytes, at, size - at)
      if (count === 0) throw new Error('ingot: the build has ended')
      at += count
    }
    return bytes
  })
}

/**
 * What is left in the young generation when a process is frozen is copied by the first collections of every
 * start. The last resort of V8 also gives back the memory that it keeps for later: every page of that would be in the file. It takes memory to be
 * short, and would collect again as soon as the heap has grown by a tenth, were it not for another flag.
 */
function exposeGarbageCollector({ v8, requireBuiltin }: Internals) {
  v8.setFlagsFromString('--expose-gc')
  const collect = requireBuiltin('vm').runInNewContext('gc') as (options: object) => void
  v8.setFlagsFromString('--no-expose-gc')
  return {
    collect() {
      v8.setFlagsFromString(`--heap-growing-percent=${MOST_GROWTH}`)
      keepingCode(v8, () => collect({ type: 'major', execution: 'sync', flavor: 'last-resort' }))
      v8.setFlagsFromString('--heap-growing-percent=0')
    },
    collectYoung: () => collect({ type: 'minor' }),
  }
}

/** What V8 itself lets a heap grow by at most (heap/memory-controller.h). */
const MOST_GROWTH = 300

/** V8 knows what it has parsed by the text, but forgets it in the second collection of garbage. */
function preparePatterns({ patterns }: Training): void {
  for (const [source, flags] of patterns) {
    try {
      void new OwnRegExp(source, flags)
    } catch {
      // Then that was no source, but how something else is shown.
    }
  }
}

/** The program may put another one in its place. */
const OwnRegExp = RegExp

/** Whoever takes a standard stream is about to use it; and here it is JavaScript that stops, not a system call. */
function deferStreams(
  { makers }: ProcessFacts,
  settle: () => Start,
  replaced: { push(restore: () => void): unknown },
): void {
  for (const name of ['stdin', 'stdout', 'stderr'] as const) {
    const original = Object.getOwnPropertyDescriptor(process, name)!
    const get = () => (settle(), Reflect.apply(makers.get(name)!, process, []))
    Object.defineProperty(process, name, { ...original, get })
    replaced.push(() => {
      if (getOwnPropertyDescriptor(process, name)?.get === get) defineProperty(process, name, original)
    })
  }
}

interface Replacing {
  readonly settle: () => Start
  readonly commandLine: (start: Start) => string[]
  readonly facts: ProcessFacts
  /** How each is made right again. */
  readonly replaced: ((start: Start) => void)[]
  readonly define: Define
  /** What process.argv is for code that only asks for a flag. */
  readonly answerQuestion: (all: () => string[]) => unknown
}

type Define = (target: object, name: string, get: () => unknown, set?: (value: unknown) => void) => void

function replaceProperties({
  settle,
  commandLine,
  facts: { originals },
  replaced,
  define,
  answerQuestion,
}: Replacing): void {
  const stale = (
    name: string,
    attributes: PropertyDescriptor,
    current: (start: Start) => unknown,
    early?: () => unknown,
  ) => {
    const put = function (this: unknown, value: unknown): void {
      const others = { writable: true, configurable: true }
      const own = { enumerable: true, ...(this === process ? attributes : others), value }
      if (!defineProperty(this as object, name, own)) throw new TypeError(`Cannot assign to ${name}`)
    }
    const get = () => early?.() ?? (settle(), originals.get(name))
    define(process, name, get, attributes.writable ? put : undefined)
    replaced.push((now) => {
      const value = current(now)
      originals.set(name, value)
      // Unless the program has put something of its own there.
      if (getOwnPropertyDescriptor(process, name)?.get === get)
        defineProperty(process, name, { enumerable: true, ...attributes, value })
    })
  }
  const all = () => (settle(), originals.get('argv') as string[])
  stale('argv', { writable: true, configurable: true }, commandLine, () => answerQuestion(all))
  stale('argv0', { writable: false, configurable: false }, (now) => now.argv0)
  stale('execPath', { writable: true, configurable: true }, (now) => now.execPath)
  stale('pid', { writable: false, configurable: true }, (now) => now.pid)
}

/** @returns the original of the main context */
function replaceRandom(
  internals: Internals,
  settle: () => Start,
  replaced: ((start: Start) => void)[],
): () => number {
  const all = new WeakSet<() => number>()
  const watch = (math: Math) => {
    const { random } = math
    if (all.has(random)) return
    const define = (value: () => number) =>
      defineProperty(math, 'random', { writable: true, configurable: true, value })
    // A proxy: native code, and of the same name, for whoever looks.
    const watched = new Proxy(random, { apply: () => (settle(), random()) })
    all.add(watched)
    define(watched)
    replaced.push(() => {
      if (math.random === watched) define(random)
    })
  }
  const { random } = Math
  watch(Math)
  watchOtherContexts(internals, watch, replaced)
  return random
}

/** When a process began is known when it is thawed: what its monotonic clock has counted includes the build run. */
function replaceTimeOrigin(
  internals: Internals,
  settle: () => Start,
  replaced: ((start: Start) => void)[],
  isAskedForType: () => boolean,
): void {
  const prototype = Object.getPrototypeOf(performance) as Performance
  const original = Object.getOwnPropertyDescriptor(prototype, 'timeOrigin')!
  Object.defineProperty(prototype, 'timeOrigin', {
    ...original,
    get(this: Performance) {
      if (isAskedForType()) return 0
      settle()
      return apply(original.get!, this, [])
    },
  })
  replaced.push(() => {
    defineProperty(prototype, 'timeOrigin', original)
    timeOriginIn(internals).set(1000 * (dateNow() - apply(now, performance, [])))
  })
}

/** Where node keeps it, in microseconds: its native side has one for all threads, of when the process began. */
export function timeOriginIn({ performance: { milestones, constants } }: Internals) {
  const at = constants.NODE_PERFORMANCE_MILESTONE_TIME_ORIGIN_TIMESTAMP!
  return {
    get: () => milestones[at]!,
    set(microseconds: number) {
      milestones[at] = microseconds
    },
  }
}

/** Values that V8 draws from its generator at once. */
const RANDOM_BATCH = 64

/**
 * Leaves V8's generator where its next value comes from its state alone, and says how that state is found
 * in memory: the first value of a batch is made of the bits that are its first half.
 */
function drainRandom(random: () => number): string {
  const first = random()
  for (let i = 1; i < RANDOM_BATCH; i++) random()
  return BigInt(first * 2 ** 53)
    .toString(16)
    .padStart(16, '0')
}

/** A worker's native side still has the names of the build run. */
export function correctNames(
  { v8 }: Internals,
  names: { readonly execPath: string; readonly argv0: string },
): void {
  if (process.execPath !== names.execPath) process.argv[0] = process.execPath = names.execPath
  if (process.argv0 === names.argv0) return
  definer(v8)(process, 'argv0', () => names.argv0)
  Object.defineProperty(process, 'argv0', {
    enumerable: true,
    configurable: false,
    writable: false,
    value: names.argv0,
  })
}

/** process.argv0 is not configurable; V8 itself may redefine it all the same. */
function definer(v8: Internals['v8']): Define {
  const call = '%DefineAccessorPropertyUnchecked(target, name, get, set, 0)'
  return compileNatives(v8, ['target', 'name', 'get', 'set'], call) as Define
}

/** As node finds it: /proc where there is one. */
function executablePath(readLink: (file: string, encoding: string) => string, argv0: string): string {
  try {
    return readLink('/proc/self/exe', 'utf8')
  } catch {
    return argv0.includes('/') ? path.resolve(argv0) : argv0
  }
}
