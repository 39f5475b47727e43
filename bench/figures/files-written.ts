// What a first start writes to the disk.

import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'

import { needsDebian } from '../debian.ts'
import { NO_COMPILE_CACHE, type Program } from '../programs.ts'
import type { Value } from './figure.ts'
import type { Built } from './subject.ts'

const CALLS = 'open,openat,openat2,creat,mkdir,mkdirat,mknod,mknodat,symlink,symlinkat,link,linkat'

export function filesWritten(built: readonly Built[], program: Program): Value[] {
  needsDebian('strace')
  return built.map((one) => {
    const names = namesWritten(one, program)
    return {
      figure: 'files-written',
      of: program.name,
      peer: one.peer.name,
      value: names.length,
      ...(names.length > 0 && { detail: names.slice(0, 3).join(', ') }),
    }
  })
}

// A log for each thread: in a common one, calls of several threads are cut in pieces.
function namesWritten({ command, args, project }: Built, program: Program): string[] {
  const home = path.join(project.directory, 'first-start')
  const logs = `${home}.strace`
  for (const old of [home, logs]) rmSync(old, { recursive: true, force: true })
  mkdirSync(logs)
  mkdirSync(path.join(home, 'tmp'), { recursive: true })
  const env = {
    ...process.env,
    ...NO_COMPILE_CACHE,
    HOME: home,
    TMPDIR: path.join(home, 'tmp'),
    XDG_CACHE_HOME: undefined,
  }
  const watched = [
    '-ff',
    '-qq',
    '-e',
    `trace=${CALLS}`,
    '-o',
    path.join(logs, 'log'),
    command,
    ...args,
    ...program.starts[0].args,
  ]
  spawnSync('strace', watched, { cwd: project.directory, env, stdio: 'ignore' })
  const names = readdirSync(logs).flatMap((log) =>
    readFileSync(path.join(logs, log), 'utf8').split('\n').flatMap(nameWritten),
  )
  return [...new Set(names)].map((name) => name.replace(home, '~'))
}

/** Of a line of strace that tells of something that was made, or opened for writing. */
function nameWritten(line: string): string[] {
  const [, call = '', args = '', result = ''] = /^(\w+)\((.*)\)\s+=\s+(-?\d+)/.exec(line) ?? []
  const isOpen = call.startsWith('open')
  if (Number(result) < 0 || call === '' || (isOpen && !/O_WRONLY|O_RDWR|O_CREAT/.test(args))) return []
  const name = /"([^"]*)"(?!.*")/.exec(args)?.[1] ?? ''
  return /^\/(?:dev|proc|sys)\//.test(name) ? [] : [name]
}
