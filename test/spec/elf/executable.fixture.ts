// Builds the program that these tests take apart, and runs commands on it.

import assert from 'node:assert/strict'
import { spawnSync, type SpawnSyncOptions } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'

import { build, type BuildResult } from '../../../src/index.ts'

/** Only there can the executables run. */
export const skip =
  (process.platform !== 'linux' || process.arch !== 'x64') && 'the executables are for linux-x64'
/** Mounting and changing the root need it. */
export const skipWithoutRoot = skip || (process.getuid!() !== 0 && 'needs root')

/** The same node as in the executables, to compare with. */
export const NODE = process.execPath

const MAIN = `
import { spawnSync } from 'node:child_process'
import { readdirSync, readlinkSync, unlinkSync } from 'node:fs'
import { createRequire } from 'node:module'

function descriptors() {
  return readdirSync('/proc/self/fd').flatMap((name) => {
    try {
      return [name + ' ' + readlinkSync('/proc/self/fd/' + name).replace(/:\\[\\d+\\]|\\d+\\/fd$/, '')]
    } catch {
      return [] // the one that listed them
    }
  }).toSorted()
}

const [command = 'hello', ...args] = process.argv.slice(2)
switch (command) {
  case 'hello':
    console.log('hello')
    break
  case 'arguments':
    console.log(JSON.stringify([process.argv0, process.argv.slice(2)]))
    break
  case 'environment':
    console.log(JSON.stringify(Object.fromEntries(args.map((name) => [name, process.env[name]]))))
    break
  case 'environment-size':
    console.log(JSON.stringify([Object.keys(process.env).length, Object.values(process.env).join('').length]))
    break
  case 'child-environment':
    console.log(spawnSync('/usr/bin/env', [], { encoding: 'utf8' }).stdout)
    break
  case 'descriptors':
    console.log(descriptors().join('\\n'))
    break
  case 'child-descriptors':
    console.log(spawnSync('/bin/ls', ['/proc/self/fd'], { encoding: 'utf8', stdio: ['inherit', 'pipe', 'inherit'] }).stdout)
    break
  case 'descriptors-after-load':
    await loadLater()
    console.log(descriptors().join('\\n'))
    break
  case 'unlinked':
    unlinkSync(args[0]!)
    await loadLater()
    console.log('loaded')
    break
  case 'fetch-later':
    await loadLater()
    console.log('loaded')
    break
  case 'exit':
    process.exitCode = 7
    break
}

async function loadLater() {
  const { later } = await import('./later.ts')
  const require = createRequire(import.meta.url)
  const addon = require('./addon.node')
  if (later !== 'later' || Object.keys(addon).length === 0) throw new Error('not loaded')
}
`

export interface Fixture {
  readonly directory: string
  /** Source of the program, which plain node runs, too. */
  readonly main: string
  readonly file: string
  readonly result: BuildResult
}

/** A directory that a user without rights can reach. */
export function makeDirectory(name: string): string {
  const directory = mkdtempSync(path.join(tmpdir(), `ingot-${name}-`))
  chmodSync(directory, 0o755)
  return directory
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true })
}

export function writeProject(directory: string): string {
  mkdirSync(directory, { recursive: true })
  const main = path.join(directory, 'main.ts')
  writeFileSync(path.join(directory, 'package.json'), '{ "name": "hello", "type": "module" }\n')
  writeFileSync(main, MAIN)
  writeFileSync(path.join(directory, 'later.ts'), "export const later: string = 'later'\n")
  copyFileSync(anAddon(), path.join(directory, 'addon.node'))
  return main
}

/** rolldown's: the one that every installation of Ingot has. */
export function anAddon(): string {
  const require = createRequire(import.meta.url)
  return createRequire(require.resolve('rolldown')).resolve('@rolldown/binding-linux-x64-gnu')
}

export async function buildFixture(name: string): Promise<Fixture> {
  const directory = makeDirectory(name)
  const main = writeProject(path.join(directory, 'project'))
  const file = path.join(directory, 'hello')
  const runtime = `node@${process.versions.node}`
  const result = await build({ entry: main, out: file, cwd: path.dirname(main), runtime })
  assert.deepEqual(result.diagnostics, [])
  return { directory, main, file, result }
}

export interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs to the end; a signal or a missing command fails the test. */
export function run(command: string, args: readonly string[], options: SpawnSyncOptions = {}): Ran {
  const { error, signal, status, stdout, stderr } = spawnSync(command, args, {
    timeout: 120_000,
    maxBuffer: 2 ** 28,
    ...options,
    encoding: 'utf8',
  })
  if (error) throw error
  assert.equal(signal, null, `${command} was ended by ${signal}: ${stderr}`)
  return { status, stdout, stderr }
}

/** Standard output of a run that must succeed and print no error. */
export function outputOf(command: string, args: readonly string[], options: SpawnSyncOptions = {}): string {
  const { status, stdout, stderr } = run(command, args, options)
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' }, `${command} ${args.join(' ')}`)
  return stdout
}

/** Installs what is missing where that is possible; a check that silently does not run proves nothing. */
export function needTool(command: string, debianPackage: string): void {
  if (hasTool(command)) return
  run('apt-get', ['update', '-qq'])
  const installed = run('apt-get', ['install', '-y', '-qq', debianPackage])
  assert(hasTool(command), `install ${debianPackage}: these tests need ${command}\n${installed.stderr}`)
}

function hasTool(command: string): boolean {
  return spawnSync('/bin/sh', ['-c', `command -v ${command}`]).status === 0
}

export function sameBytes(a: string, b: string): boolean {
  return readFileSync(a).equals(readFileSync(b))
}
