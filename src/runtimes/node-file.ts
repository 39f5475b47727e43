// A node executable that the user names: looked at once, then known by its size, times and inode.

import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { BuildError } from '../base/diagnostics.ts'
import { nativeHeader, runsOn } from '../base/native-code.ts'
import { HOST, isLinux, platformOf, type Target } from '../base/targets.ts'
import { cached, stampOf } from './cache.ts'
import { run } from './command.ts'
import { elfProblem } from './elf-header.ts'
import { sha256 } from './hash.ts'
import type { Runtime } from './runtime.ts'
import { requireSupported } from './version.ts'

/** Present once in every Node that can be a single executable; the digit after the colon says if it is one. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:'

/** The product name that the inspector gives to clients; followed by the version and a NUL. */
const VERSION_MARK = 'node.js/v'

const RUN_TIMEOUT_MS = 10_000
const INSPECTION_FILE = 'inspection.json'

interface Inspection {
  readonly sha256: string
  readonly version: string
}

export async function runtimeFromFile(file: string, target: Target, root: string): Promise<Runtime> {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) {
    throw notNode({ file, target }, 'there is no regular file', undefined)
  }
  // Reading and hashing 150 MB takes longer than the rest of a warm build.
  const key = `node-file-${sha256(`${target}\n${file}\n${stampOf(file)}`)}`
  const { dir } = await cached(key, (temporary) => keepInspection({ file, target }, temporary), root)
  const found = JSON.parse(readFileSync(join(dir, INSPECTION_FILE), 'utf8')) as Inspection
  requireSupported(found.version)
  return { ...found, file, origin: `file:${file}`, license: licenseOf(file) }
}

interface NamedNode {
  readonly file: string
  readonly target: Target
}

async function keepInspection(named: NamedNode, dir: string): Promise<void> {
  const bytes = readFileSync(named.file)
  requireNode(bytes, named)
  const version = writtenVersion(bytes) ?? (await reportedVersion(named))
  const inspection: Inspection = { sha256: sha256(bytes), version }
  writeFileSync(join(dir, INSPECTION_FILE), JSON.stringify(inspection))
}

function requireNode(bytes: Buffer, named: NamedNode): void {
  const problem = problemOf(bytes, named.target)
  if (problem !== undefined) throw notNode(named, problem.message, problem.offset)
  const offset = bytes.indexOf(FUSE)
  if (offset === -1) throw notNode(named, 'it has no single-executable fuse', undefined)
  const state = bytes[offset + FUSE.length]
  if (state !== 0x30) throw notNode(named, 'it already carries a program', offset + FUSE.length)
}

function problemOf(bytes: Buffer, target: Target) {
  if (isLinux(target)) return elfProblem(bytes, target)
  const header = nativeHeader(bytes)
  if (header && runsOn(header, platformOf(target))) return undefined
  return { message: header ? 'it is for another system or processor' : 'it is no executable', offset: 0 }
}

function writtenVersion(bytes: Buffer): string | undefined {
  const offset = bytes.indexOf(VERSION_MARK)
  if (offset === -1) return undefined
  return /^node\.js\/v(\d+\.\d+\.\d+)/.exec(bytes.toString('latin1', offset, offset + 40))?.[1]
}

/** A Node built without the inspector has no mark; where it can run it says its version itself. */
async function reportedVersion({ file, target }: NamedNode): Promise<string> {
  const unknown = (cause?: unknown) =>
    notNode({ file, target }, 'its version cannot be found', undefined, cause)
  if (target !== HOST) throw unknown()
  const options = { cwd: dirname(file), env: {}, timeoutMs: RUN_TIMEOUT_MS }
  const said = await run(file, ['--version'], options).catch((error: unknown) => {
    throw unknown(error)
  })
  const version = /^v(\d+\.\d+\.\d+)/.exec(said.toString())?.[1]
  if (version === undefined) throw unknown()
  return version
}

/** Node's archives have it above bin/. */
function licenseOf(file: string): string | undefined {
  const license = resolve(dirname(file), '..', 'LICENSE')
  return existsSync(license) ? license : undefined
}

function notNode(
  { file, target }: NamedNode,
  problem: string,
  offset: number | undefined,
  cause?: unknown,
): BuildError {
  return new BuildError('RUNTIME_NOT_NODE', `not a usable node for ${target}: ${problem}`, {
    at: offset === undefined ? { file } : { file, offset },
    help: `name an official ${target} node executable, or use node@26 to have it downloaded`,
    cause,
  })
}
