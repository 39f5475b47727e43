// The functions that a rehearsal has run lie compiled in the image: node's own come from its snapshot without their code,
// and a tenth of a short start would pass with compiling them. Both runs find them by looking through the heap, so
// functions that are only made later, inside of others, are none of them.

import type { Training } from '../format/training.ts'
import type { Internals } from './internals.ts'
import { compileNatives } from './natives.ts'

/** As natives (src/runtime/runtime-function.cc and runtime-test.cc of V8) give them. */
interface Code {
  /** Of the script, which only this process knows; below 1 for what is not JavaScript. */
  readonly script: (it: object) => number
  readonly source: (it: object) => string
  readonly position: (it: object) => number
  readonly status: (it: object) => number
  /** To baseline code. Ends the process if V8 has none for it. */
  readonly compile: (it: object) => void
}

function codeOf({ v8 }: Internals): Code {
  const native = (name: string) => compileNatives(v8, ['it'], `return %${name}(it)`) as any
  return {
    script: native('FunctionGetScriptId'),
    source: native('FunctionGetScriptSource'),
    position: native('FunctionGetScriptSourcePosition'),
    status: native('GetOptimizationStatus'),
    compile: native('CompileBaseline'),
  }
}

/** The program may put another one in its place. */
const { prototype } = Function

/** Of all functions that are still there, those that have run; none where V8 cannot be asked. */
export function functionsRun(internals: Internals): Training['functions'] {
  try {
    return findRun(internals)
  } catch {
    return []
  }
}

function findRun(internals: Internals): Training['functions'] {
  const code = codeOf(internals)
  const lazy = lazyBit(code)
  // Else all would seem to have run.
  if (lazy === 0) return []
  const keyOf = scriptKeys(internals, code)
  const run = allFunctions(internals).filter((it) => keyOf(it) !== undefined && !(code.status(it) & lazy))
  return [...Map.groupBy(run, (it) => keyOf(it)!)].map(([script, its]) => [
    script,
    its.map((it) => code.position(it)),
  ])
}

export function compileTrained(internals: Internals, { functions }: Pick<Training, 'functions'>): void {
  if (functions.length === 0) return
  const code = codeOf(internals)
  const wanted = new Map(functions.map(([script, positions]) => [script, new Set(positions)]))
  const keyOf = scriptKeys(internals, code)
  for (const it of allFunctions(internals)) {
    const key = keyOf(it)
    if (key !== undefined && wanted.get(key)?.has(code.position(it))) code.compile(it)
  }
}

/** Which bit says that a function has not run differs from version to version. */
function lazyBit({ status }: Code): number {
  const before = (it: number) => it + 1
  const after = (it: number) => it + 2
  after(0)
  return status(before) & ~status(after)
}

/** In characters. */
const SAMPLE = 500

/** What a script is called in both runs; undefined for what is not JavaScript. */
function scriptKeys({ zlib }: Internals, { script, source }: Code): (it: object) => string | undefined {
  const keys = new Map<number, string>()
  return (it) => {
    const id = script(it)
    if (id < 1) return undefined
    const known = keys.get(id)
    if (known !== undefined) return known
    const text = source(it)
    // The whole of it would leave more memory behind than the code takes.
    const middle = text.slice(text.length >> 1, (text.length >> 1) + SAMPLE)
    const key = `${text.length}:${zlib.crc32(Buffer.from(middle), 0)}`
    keys.set(id, key)
    return key
  }
}

/** Looking collects garbage. */
function allFunctions({ objectsWith, v8 }: Internals): object[] {
  return keepingCode(v8, () => objectsWith(prototype))
}

/** Functions that have not run for a while would lose their code in a collection, were it not for a flag. */
export function keepingCode<T>(v8: Internals['v8'], collect: () => T): T {
  v8.setFlagsFromString('--no-flush-bytecode')
  try {
    return collect()
  } finally {
    v8.setFlagsFromString('--flush-bytecode')
  }
}
