// What a user could take. A peer is made available in the bench's own directory, builds programs, and is told by a
// name; whatever it cannot do is its error, and a row of the results.

import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import path from 'node:path'

import { writeFiles } from '../../test/support/files.ts'
import type { Program } from '../programs.ts'

/** Where a peer is installed. */
export interface Place {
  /** Its own, empty at first. */
  readonly directory: string
  /** The project's node. */
  readonly node: string
  /** The address of a mirror of node's releases with this very node. */
  readonly mirror: () => Promise<string>
}

export interface Command {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string | undefined>>
  /** The project's directory by default. */
  readonly cwd?: string
}

/** A program's project on the disk. */
export interface Project {
  readonly program: Program
  readonly directory: string
}

export interface Installed {
  readonly version: string
  /** Without these directories a build is a cold one; undefined: they are another peer's, and so is the cold build. */
  readonly caches?: readonly string[]
  /** What makes `out`, in the project's directory; nothing where nothing is built. */
  readonly build?: (project: Project, out: string) => Command
  /** How the program is started, where it is not `out`. */
  readonly start?: (project: Project) => Pick<Command, 'command' | 'args'>
}

export interface Peer {
  readonly name: string
  readonly about: string
  /** Another language: to know where one stands. */
  readonly isReference?: true
  /** Makes the same executables as another one, and is looked at only while it builds. */
  readonly onlyBuilds?: true
  /** @throws Error with the reason why it cannot be had */
  readonly install: (place: Place) => Promise<Installed>
}

/** Files that npm installs without running anything of them; exact versions. */
export function installPackages(directory: string, packages: readonly string[]): void {
  mkdirSync(directory, { recursive: true })
  writeFiles(directory, { 'package.json': { name: 'bench-peer', private: true } })
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--save-exact']
  succeed({ command: 'npm', args: ['install', ...flags, ...packages] }, directory)
}

/** @throws Error with what the command says last */
export function succeed({ command, args, env, cwd }: Command, directory: string): string {
  const { status, signal, stdout, stderr, error } = spawnSync(command, args, {
    cwd: cwd ?? directory,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    timeout: 240_000,
  })
  if (status === 0) return stdout
  const said = error?.message ?? complaint(`${stdout}\n${stderr}`)
  throw new Error(`${path.basename(command)} ended with ${status ?? signal}: ${said}`)
}

/** The lines that name the reason, without colours. */
function complaint(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  const plain = text.replaceAll(/\u001b\[[\d;]*m/g, '')
  const lines = plain
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
  const first = lines.findIndex((line) => /error|fail|not found|cannot|could not/i.test(line))
  return lines
    .slice(Math.max(0, first), Math.max(0, first) + 4)
    .join(' · ')
    .slice(0, 400)
}

/** Two commands as one. */
export function inSequence(first: Command, second: Command): Command {
  const words = ({ command, args }: Command) => [command, ...args].map(quoted).join(' ')
  return {
    command: 'sh',
    args: ['-c', `${words(first)} && exec ${words(second)}`],
    env: { ...first.env, ...second.env },
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`
}
