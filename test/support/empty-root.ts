// Runs an executable where nothing else is: a root directory of its own that holds only the file,
// in new mount and process namespaces. What works there does not depend on the machine.
//
// Needs root, or user namespaces. Where there is neither, the program runs in a plain directory,
// with its absolute paths leading to the machine's own files.

import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Readable, Writable } from 'node:stream'

import { writeFiles, type Files } from './files.ts'

export const NOBODY = 65534

/** `root`: everything; `user`: a user namespace, so no other uid; `none`: a plain directory. */
export type Isolation = 'root' | 'user' | 'none'

export interface RootOptions {
  /** File name of the executable in the root; its own by default. */
  readonly name?: string
  readonly args?: readonly string[]
  readonly input?: string | Uint8Array
  /** The whole environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Absolute, inside. */
  readonly cwd?: string
  /** Mount /proc; without by default. */
  readonly proc?: boolean
  /** Mount an empty /tmp from which nothing can be executed. */
  readonly tmp?: 'read-only' | 'writable'
  /** Mount /dev/pts, and with it /dev/ptmx: terminals of its own. */
  readonly terminals?: boolean
  /** A command, outside, that runs and watches all of it, as strace does. */
  readonly under?: readonly string[]
  /** The user and group to run as: nobody by default, null to stay who we are. */
  readonly uid?: number | null
  /** True by default. Does not reach into `binds`. */
  readonly readOnly?: boolean
  /** Other files of the root. */
  readonly files?: Files
  /** Those of them that may be executed. */
  readonly executables?: readonly string[]
  /** Directories of the machine that appear inside, writable, under their own absolute path. */
  readonly binds?: readonly string[]
  readonly timeoutMs?: number
}

export interface Outcome {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface StartedProgram {
  readonly process: ChildProcessByStdio<Writable, Readable, Readable>
  readonly isolation: Isolation
  /** Once it has ended; the root is gone then. */
  readonly outcome: Promise<Outcome>
  /** As process number 1 it gets only the signals that it listens to, and SIGKILL. */
  kill(signal: NodeJS.Signals): void
}

const TIMEOUT_MS = 60_000

let known: Isolation | undefined

/** What this machine lets us do. */
export function isolation(): Isolation {
  known ??= findIsolation()
  return known
}

function findIsolation(): Isolation {
  if (process.getuid?.() === 0 && isAllowed('--mount', '--pid', '--fork')) return 'root'
  return isAllowed('--user', '--map-root-user', '--mount', '--pid', '--fork') ? 'user' : 'none'
}

function isAllowed(...flags: string[]): boolean {
  return spawnSync('unshare', [...flags, 'mount', '--version'], { stdio: 'ignore' }).status === 0
}

export async function runInEmptyRoot(executable: string, options: RootOptions = {}): Promise<Outcome> {
  const { process: child, outcome } = startInEmptyRoot(executable, options)
  child.stdin.on('error', () => {}) // the program may end without reading its input
  child.stdin.end(options.input ?? '')
  return outcome
}

/** For programs that go on until they are told to stop. */
export function startInEmptyRoot(executable: string, options: RootOptions = {}): StartedProgram {
  const kind = isolation()
  const root = makeRoot(executable, options)
  const [command = '', ...args] = [...(options.under ?? []), ...commandFor(kind, executable, root, options)]
  const child = spawn(command, args, {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...options.env },
    ...(kind === 'none' && { cwd: options.cwd ?? root }),
    stdio: 'pipe',
    // A process group: unshare and the program get signals together, whoever of them is which.
    detached: true,
  })
  const outcome = outcomeOf(child, root)
  const kill = (signal: NodeJS.Signals): void => void process.kill(-child.pid!, signal)
  const timer = setTimeout(kill, options.timeoutMs ?? TIMEOUT_MS, 'SIGKILL')
  const clear = (): void => clearTimeout(timer)
  outcome.then(clear, clear)
  return { process: child, isolation: kind, outcome, kill }
}

/** Collects what a child says; others may listen to its streams as well. */
export function outcomeOf(child: StartedProgram['process'], root?: string): Promise<Outcome> {
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status, signal) => {
      if (root !== undefined) rmSync(root, { recursive: true, force: true })
      resolve({ status, signal, stdout, stderr })
    })
  })
}

/** The first match in what a program prints. */
export function printed(stdout: Readable, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    stdout.setEncoding('utf8').on('data', (chunk: string) => {
      const [found] = pattern.exec((text += chunk)) ?? []
      if (found !== undefined) resolve(found)
    })
    stdout.once('close', () => reject(new Error(`ended without printing ${pattern}: ${text}`)))
  })
}

/** The directory with the places that mounts will cover. */
function makeRoot(executable: string, options: RootOptions): string {
  const { name, files = {}, executables = [], binds = [], proc = false, tmp, terminals = false } = options
  const root = mkdtempSync(path.join(realpathSync(tmpdir()), 'ingot-root-'))
  // mkdtemp lets nobody else in, and the program runs as somebody else. The mount namespace hides it anyway.
  spawnSync('chmod', ['755', root])
  writeFileSync(path.join(root, name ?? path.basename(executable)), '', { mode: 0o755 })
  const places = [...(proc ? ['/proc'] : []), ...(tmp ? ['/tmp'] : []), ...(terminals ? ['/dev/pts'] : [])]
  writeFiles(root, files)
  for (const file of executables) chmodSync(path.join(root, file), 0o755)
  for (const directory of [...binds, ...places]) mkdirSync(path.join(root, directory), { recursive: true })
  if (terminals) writeFileSync(path.join(root, '/dev/ptmx'), '')
  return root
}

/** $1 root, $2 name, $3 executable, $4 `ro` or `rw`, $5 number of binds, binds, then the command. */
const mountScript = ({ proc, tmp, terminals }: RootOptions): string => `set -e
root=$1 name=$2 executable=$3 mode=$4 binds=$5
shift 5
mount --bind "$root" "$root"
mount --bind "$executable" "$root/$name"
while [ "$binds" -gt 0 ]; do
  mount --bind "$1" "$root$1"
  shift
  binds=$((binds - 1))
done
${proc ? 'mount -t proc proc "$root/proc"' : ''}
${tmp ? `mount -t tmpfs -o noexec,mode=1777,${tmp === 'writable' ? 'rw' : 'ro'} tmpfs "$root/tmp"` : ''}
${terminals ? TERMINALS : ''}
mount -o "remount,bind,$mode,nosuid,nodev" "$root"
exec "$@"`

const TERMINALS = `mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$root/dev/pts"
mount --bind "$root/dev/pts/ptmx" "$root/dev/ptmx"`

function commandFor(kind: Isolation, executable: string, root: string, options: RootOptions): string[] {
  const { name = path.basename(executable), args = [], cwd = '/', readOnly = true, binds = [] } = options
  // Nowhere to mount: the file itself, under the name that it would have had.
  if (kind === 'none')
    return [
      'sh',
      '-c',
      'ln -sf "$1" "$2"; shift; exec "$@"',
      'sh',
      executable,
      path.join(root, name),
      ...args,
    ]
  const uid = options.uid === undefined ? NOBODY : options.uid
  const become = kind === 'root' && uid !== null ? [`--setuid=${uid}`, `--setgid=${uid}`] : []
  const enter = ['unshare', `--root=${root}`, `--wd=${cwd}`, ...become, `/${name}`, ...args]
  const mounts = [root, name, executable, readOnly ? 'ro' : 'rw', String(binds.length), ...binds]
  const userns = kind === 'user' ? ['--user', '--map-root-user'] : []
  const namespaces = ['--mount', '--pid', '--fork', '--propagation=private']
  return ['unshare', ...userns, ...namespaces, 'sh', '-c', mountScript(options), 'sh', ...mounts, ...enter]
}
