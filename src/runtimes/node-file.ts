// A node executable that the user names: looked at once, then known by its size, times and inode.

import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { BuildError } from '../base/diagnostics.ts'
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

export async function runtimeFromFile(file: string, root: string): Promise<Runtime> {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) {
    throw notNode(file, 'there is no regular file', undefined)
  }
  // Reading and hashing 150 MB takes longer than the rest of a warm build.
  const key = `node-file-${sha256(`${file}\n${stampOf(file)}`)}`
  const { dir } = await cached(key, (temporary) => keepInspection(file, temporary), root)
  const found = JSON.parse(readFileSync(join(dir, INSPECTION_FILE), 'utf8')) as Inspection
  requireSupported(found.version)
  return { ...found, file, origin: `file:${file}`, license: licenseOf(file) }
}

async function keepInspection(file: string, dir: string): Promise<void> {
  const bytes = readFileSync(file)
  requireNode(bytes, file)
  const version = writtenVersion(bytes) ?? (await reportedVersion(file))
  const inspection: Inspection = { sha256: sha256(bytes), version }
  writeFileSync(join(dir, INSPECTION_FILE), JSON.stringify(inspection))
}

function requireNode(bytes: Buffer, file: string): void {
  const problem = elfProblem(bytes)
  if (problem !== undefined) throw notNode(file, problem.message, problem.offset)
  const offset = bytes.indexOf(FUSE)
  if (offset === -1) throw notNode(file, 'it has no single-executable fuse', undefined)
  const state = bytes[offset + FUSE.length]
  if (state !== 0x30) throw notNode(file, 'it already carries a program', offset + FUSE.length)
}

function writtenVersion(bytes: Buffer): string | undefined {
  const offset = bytes.indexOf(VERSION_MARK)
  if (offset === -1) return undefined
  return /^node\.js\/v(\d+\.\d+\.\d+)/.exec(bytes.toString('latin1', offset, offset + 40))?.[1]
}

/** A Node built without the inspector has no mark; where it can run it says its version itself. */
async function reportedVersion(file: string): Promise<string> {
  const unknown = (cause?: unknown) => notNode(file, 'its version cannot be found', undefined, cause)
  if (process.platform !== 'linux' || process.arch !== 'x64') throw unknown()
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

function notNode(file: string, problem: string, offset: number | undefined, cause?: unknown): BuildError {
  return new BuildError('RUNTIME_NOT_NODE', `not a usable node for linux-x64: ${problem}`, {
    at: offset === undefined ? { file } : { file, offset },
    help: 'name an official linux-x64 node executable, or use node@26 to have it downloaded',
    cause,
  })
}
