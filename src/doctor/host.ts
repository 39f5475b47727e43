// The machine: what is built here runs here, and the kernel has to allow what builds and executables do.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { arch, platform, release } from 'node:os'
import path from 'node:path'

import { HOST, TARGETS } from '../base/targets.ts'
import { DATA, emitSyscallProbe, type SyscallProbe } from '../image/elf/syscall-probe.ts'
import { broken, ok, warning, type Check } from './check.ts'

/** What Node documents for its Linux builds. */
const OLDEST_KERNEL = [4, 18] as const

export function checkHost(): Check[] {
  const here = `${platform()}-${arch()}`
  return [
    HOST !== undefined
      ? ok('HOST_PLATFORM', here)
      : broken(
          'HOST_PLATFORM',
          `${here} is no platform that Ingot builds on`,
          `build on one of ${TARGETS.join(', ')}`,
        ),
    checkNode(),
    checkKernelVersion(release()),
  ]
}

function checkNode(): Check {
  const isEnough = typeof process.execve === 'function'
  return isEnough
    ? ok('HOST_NODE', `node ${process.versions.node}`)
    : broken(
        'HOST_NODE',
        `node ${process.versions.node} is too old`,
        'install Node 22.22, 24.15, 26 or newer',
      )
}

export function checkKernelVersion(text: string): Check {
  const [major = 0, minor = 0] = text.split('.').map(Number)
  const [oldestMajor, oldestMinor] = OLDEST_KERNEL
  const isNewEnough = major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)
  return isNewEnough
    ? ok('KERNEL_VERSION', `Linux ${text}`)
    : broken('KERNEL_VERSION', `Linux ${text} is too old for Node`, `use ${OLDEST_KERNEL.join('.')} or newer`)
}

interface Feature {
  readonly code: string
  readonly name: string
  readonly probe: SyscallProbe
  /** Errors that a system call which is there gives to these arguments. */
  readonly expected?: number
  readonly without: string
  readonly help: string
}

/** errno-base.h */
const EBADF = 9
/** personality.h: ADDR_NO_RANDOMIZE | ADDR_COMPAT_LAYOUT, as launcher/freeze.c wants it. */
const FREEZE_PERSONALITY = 0x0040000 | 0x0200000
/** seccomp.h: SECCOMP_GET_ACTION_AVAIL, SECCOMP_RET_TRAP */
const SECCOMP_GET_ACTION_AVAIL = 2
const SECCOMP_RET_TRAP = new Uint8Array([0, 0, 3, 0])
const NO_FREEZE = 'executables that are built here start cold'
const ALLOW = 'allow the system call in the seccomp profile of the container, or build outside of it'

const FEATURES: readonly Feature[] = [
  {
    code: 'KERNEL_MEMFD',
    name: 'memfd_create',
    probe: { number: 319, args: [DATA, 0] },
    without: 'native code cannot open embedded files, and embedded static executables do not start',
    help: 'allow the system call in the seccomp profile of the container',
  },
  {
    code: 'KERNEL_EXECVEAT',
    name: 'execveat',
    // An empty path of descriptor -1, AT_EMPTY_PATH: nothing to execute.
    probe: { number: 322, args: [0xffffffff, DATA, 0, 0, 0x1000] },
    expected: EBADF,
    without: 'embedded static executables do not start',
    help: 'allow the system call in the seccomp profile of the container',
  },
  {
    code: 'KERNEL_PERSONALITY',
    name: 'personality',
    probe: { number: 135, args: [FREEZE_PERSONALITY] },
    without: NO_FREEZE,
    help: ALLOW,
  },
  {
    code: 'KERNEL_SECCOMP',
    name: 'seccomp',
    probe: { number: 317, args: [SECCOMP_GET_ACTION_AVAIL, 0, DATA], data: SECCOMP_RET_TRAP },
    without: NO_FREEZE,
    help: ALLOW,
  },
]

/** @param directory where executables may be written and run */
export function checkKernel(directory: string): Check[] {
  const probes = FEATURES.map((feature) => checkFeature(feature, directory))
  return [...probes, checkProc()]
}

function checkFeature(feature: Feature, directory: string): Check {
  const { code, name, probe, expected = 0, without, help } = feature
  const status = runProbe(probe, directory)
  if (status === 0 || status === expected) return ok(code, `${name} is allowed`)
  return warning(code, `${name} fails with error ${String(status)}: ${without}`, help)
}

/** 0, or the number of the error; undefined if nothing can be executed there. */
export function runProbe(probe: SyscallProbe, directory: string): number | undefined {
  mkdirSync(directory, { recursive: true })
  const temporary = mkdtempSync(path.join(directory, '.tmp-'))
  try {
    const file = path.join(temporary, 'probe')
    writeFileSync(file, emitSyscallProbe(probe), { mode: 0o755 })
    return spawnSync(file, { stdio: 'ignore' }).status ?? undefined
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

/** Freezing reads the memory of a child through /proc. */
function checkProc(): Check {
  if (!existsSync('/proc/self/mem')) {
    return warning('KERNEL_PROC', `there is no /proc: ${NO_FREEZE}`, 'mount /proc: mount -t proc proc /proc')
  }
  const scope = '/proc/sys/kernel/yama/ptrace_scope'
  const level = existsSync(scope) ? Number(readFileSync(scope, 'utf8')) : 0
  const isAllowed = level < 2 || process.getuid?.() === 0
  return isAllowed
    ? ok('KERNEL_PROC', '/proc shows the memory of children')
    : warning(
        'KERNEL_PROC',
        `ptrace_scope is ${level}: ${NO_FREEZE}`,
        'sysctl kernel.yama.ptrace_scope=1',
        scope,
      )
}
