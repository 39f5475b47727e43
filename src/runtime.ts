// `ingot/runtime`: what a program can tell the executable that it is in, and ask of it. It speaks through a diagnostics
// channel, so that it needs nothing of ours: under plain node, and in a start that is not frozen, nobody listens.
// bootstrap/program-requests.ts is the other end. A program has this file alone: it may import types only.

import { channel } from 'node:diagnostics_channel'

import type { BuildInfo } from './format/build-info.ts'

export type { BuildInfo }

const requests = channel('ingot.runtime')

/**
 * Marks where a frozen start is to go on: what the program has done by then is done once, by the build. Resolves
 * at once in every other start.
 *
 * A program that imports `ready` says that the date does not matter before: until then it may see the build's.
 * The process is frozen earlier where it draws something random, or looks at the command line, the terminal or
 * anything else that a build cannot know.
 */
export async function ready(): Promise<void> {
  requests.publish({ kind: 'ready' })
}

/**
 * Calls back once the process goes on from a frozen one, before `ready` resolves: to read a clock again, or to
 * open something. Where it was frozen in the middle of a call that node makes, the callback comes with the event
 * loop, within 50 ms. Never called in another start.
 */
export function onThaw(callback: () => void): void {
  requests.publish({ kind: 'on-thaw', callback })
}

/** All of them, as an object has to have its properties before it is known what they are. */
const PROPERTIES: Readonly<Record<keyof BuildInfo, true>> = {
  version: true,
  ingot: true,
  target: true,
  program: true,
  entries: true,
  runtime: true,
  libraries: true,
  packages: true,
  external: true,
  bundled: true,
  native: true,
  crypto: true,
  vcs: true,
  contract: true,
  moduleGraph: true,
  config: true,
  reproducible: true,
}

/**
 * What the executable is made of: versions, packages, licences, native code, the commit. It is read when one of its
 * properties is first looked at. Undefined under plain node.
 */
export const buildInfo: BuildInfo | undefined = lazyInfo()

function lazyInfo(): BuildInfo | undefined {
  // bootstrap/internals.ts
  const payload: (() => ArrayBuffer) | undefined = Reflect.get(process, Symbol.for('ingot.payload'))
  if (!payload) return undefined
  let info: BuildInfo | undefined
  const read = () => (info ??= readInfo(payload()))
  const properties = Object.keys(PROPERTIES).map((name) => [
    name,
    { enumerable: true, get: () => read()[name as keyof BuildInfo] },
  ])
  return Object.defineProperties(
    // console.log would show getters.
    Object.defineProperty({}, Symbol.for('nodejs.util.inspect.custom'), { value: read }),
    Object.fromEntries(properties),
  ) as BuildInfo
}

/** Fields of the archive's header (format/archive.ts), u64 each. */
const INFO_OFFSET = 64
const INFO_SIZE = 72

function readInfo(archive: ArrayBuffer): BuildInfo {
  const header = new DataView(archive)
  const field = (offset: number) => Number(header.getBigUint64(offset, true))
  const packed = new Uint8Array(archive, field(INFO_OFFSET), field(INFO_SIZE))
  const { zstdDecompressSync } = process.getBuiltinModule('node:zlib')
  return JSON.parse(zstdDecompressSync(packed).toString()) as BuildInfo
}

/** The variables of the contract, by name: `ingot-env.d.ts`, which a build writes, says what they are. */
export interface Env {}

function askForEnv(): Env {
  let given: Env | undefined
  requests.publish({ kind: 'env', give: (env: Env) => (given = env) })
  const refuse = (name: string | symbol): undefined => {
    if (typeof name === 'symbol' || name === 'then') return undefined
    throw new Error(`env.${name}: this program has no contract, or does not run in an executable of Ingot`)
  }
  return given ?? new Proxy({}, { get: (_target, name) => refuse(name) })
}

/**
 * The checked values of the variables that the contract declares: a port is a number, a URL a URL. What it does not
 * declare is an error.
 */
export const env: Env = askForEnv()
