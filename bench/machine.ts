// Where it was measured.

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statfsSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, tmpdir, totalmem } from 'node:os'

import { REPOSITORY } from '../test/support/commands.ts'

export type Machine = Readonly<Record<string, string>>

export function machine(): Machine {
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') === '' ? '' : ', changed'),
    node: process.version,
    system: systemName(),
    kernel: release(),
    processor: `${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown'}`,
    memory: `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    'file system of the outputs': fileSystemName(),
    'load before': loadavg()[0]!.toFixed(2),
  }
}

function git(...args: readonly string[]): string {
  return execFileSync('git', args, { cwd: REPOSITORY, encoding: 'utf8' }).trim()
}

function systemName(): string {
  if (!existsSync('/etc/os-release')) return process.platform
  return /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? process.platform
}

/** statfs(2) */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  0xef53: 'ext4',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
  0x01021994: 'tmpfs',
  0x794c7630: 'overlayfs',
}

function fileSystemName(): string {
  const { type } = statfsSync(tmpdir())
  return FILE_SYSTEMS[type] ?? `0x${type.toString(16)}`
}
