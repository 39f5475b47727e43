// Runs Windows executables under Debian's wine, without a display.
//
// wine 8.0 has VirtualAlloc2, but refuses the placeholders that V8 reserves with it, where V8 then ends: "Fatal process
// out of memory: SegmentedTable::InitializeTable (subspace allocation)". On systems that lack the function V8 does
// without, so it is lacking here: in a copy of wine's kernelbase.dll in the prefix one exported name is another one.
// libuv cannot use the pipes of the machine as standard streams either ("open EBADF": they are not overlapped), so
// those are files.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

import { run } from './commands.ts'
import { kept } from './kept.ts'
import type { Outcome } from './empty-root.ts'

const WINE = '/usr/lib/wine/wine64'
const WINESERVER = '/usr/lib/wine/wineserver'
const KERNELBASE = '/usr/lib/x86_64-linux-gnu/wine/x86_64-windows/kernelbase.dll'
const UNUSABLE = 'VirtualAlloc2'
/** Sorts to the same place: names are found by halving. */
const STAND_IN = 'VirtualAlloc1'

export interface WineProcess {
  readonly outcome: Promise<Outcome>
  /** What it has printed so far. */
  stdout(): string
  end(): void
}

export interface WineOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
}

const TIMEOUT_MS = 120_000

/** Ends of its own, or is ended after two minutes. */
export async function startInWine(
  executable: string,
  args: readonly string[],
  { cwd, env = {} }: WineOptions,
): Promise<WineProcess> {
  // Arguments reach Windows by way of the locale's character set.
  const environment = { ...process.env, LC_ALL: 'C.UTF-8', ...(await wineEnvironment()), ...env }
  const directory = mkdtempSync(path.join(cwd, 'streams-'))
  const [out, err] = ['stdout', 'stderr'].map((name) => path.join(directory, name)) as [string, string]
  const streams = [openSync(out, 'w'), openSync(err, 'w')] as const
  const child = spawn(WINE, [executable, ...args], {
    cwd,
    env: environment,
    stdio: ['ignore', ...streams],
    timeout: TIMEOUT_MS,
  })
  for (const stream of streams) closeSync(stream)
  const outcome = new Promise<Outcome>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status, signal) =>
      resolve({ status, signal, stdout: readFileSync(out, 'utf8'), stderr: readFileSync(err, 'utf8') }),
    )
  })
  return { outcome, stdout: () => readFileSync(out, 'utf8'), end: () => void child.kill('SIGKILL') }
}

export async function runInWine(
  executable: string,
  args: readonly string[],
  options: WineOptions,
): Promise<Outcome> {
  return (await startInWine(executable, args, options)).outcome
}

/** As Windows names it: wine shows the root as a drive. */
export function windowsPath(file: string): string {
  return `Z:${file.replaceAll('/', '\\')}`
}

async function wineEnvironment(): Promise<Record<string, string>> {
  const kernelbase = readFileSync(KERNELBASE)
  const key = createHash('sha256').update(kernelbase).digest('hex').slice(0, 16)
  const prefix = await kept(`wine-${key}`, async (directory) => {
    const env = { ...process.env, WINEPREFIX: directory, WINEDEBUG: '-all', WINEARCH: 'win64' }
    const wine = async (...args: string[]) => {
      const { status, stderr } = await run(WINE, args, { env })
      if (status !== 0) throw new Error(`wine ${args.join(' ')} ended with ${status}: ${stderr}`)
    }
    await wine('wineboot', '--init')
    await wine('winecfg', '-v', 'win10')
    await run(WINESERVER, ['--kill'], { env })
    await run(WINESERVER, ['--wait'], { env })
    writeFileSync(
      path.join(directory, 'drive_c/windows/system32/kernelbase.dll'),
      withoutExport(kernelbase, UNUSABLE, STAND_IN),
    )
    return directory
  })
  return { WINEPREFIX: prefix, WINEDEBUG: '-all', WINEARCH: 'win64', WINEDLLOVERRIDES: 'kernelbase=n' }
}

/** wine loads a library with this text in its DOS header from its own directory, whatever the prefix has. */
const BUILTIN = 'Wine builtin DLL'

function withoutExport(library: Buffer, name: string, other: string): Buffer {
  const bytes = Buffer.from(library)
  bytes.fill(0, bytes.indexOf(BUILTIN), bytes.indexOf(BUILTIN) + BUILTIN.length)
  const header = bytes.readUInt32LE(0x3c) + 4
  const optional = header + 20
  const sections = optional + bytes.readUInt16LE(header + 16)
  const offsetOf = (address: number): number => {
    for (let at = sections; ; at += 40) {
      const start = bytes.readUInt32LE(at + 12)
      if (address >= start && address < start + bytes.readUInt32LE(at + 8))
        return address - start + bytes.readUInt32LE(at + 20)
    }
  }
  // IMAGE_EXPORT_DIRECTORY: the number of names, and where their addresses are.
  const exports = offsetOf(bytes.readUInt32LE(optional + 112))
  const count = bytes.readUInt32LE(exports + 24)
  const names = offsetOf(bytes.readUInt32LE(exports + 32))
  for (let i = 0; i < count; i++) {
    const at = offsetOf(bytes.readUInt32LE(names + 4 * i))
    if (bytes.toString('latin1', at, bytes.indexOf(0, at)) !== name) continue
    bytes.write(other, at, 'latin1')
    return bytes
  }
  throw new Error(`${KERNELBASE} exports no ${name}: this wine may need no help`)
}
