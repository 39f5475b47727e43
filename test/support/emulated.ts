// Runs executables for linux-arm64 on this machine: in a user namespace of their own the kernel hands them, and the
// children that they start, to qemu's user mode emulation. Nothing of the machine changes.

import { needTool } from '../spec/elf/executable.fixture.ts'

/** Static, as it also has to run in an empty root. */
const EMULATOR = 'qemu-aarch64-static'

/** The first bytes of an AArch64 executable, and which bits of them count (binfmt_misc). */
const MAGIC = String.raw`\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00`
const MASK = String.raw`\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff`

/** F: the emulator is opened now, and not where the program runs. P: the program’s argv[0] is kept. O: the
    emulator gets the program opened, as one in memory has no name. */
const SCRIPT = `mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc &&
printf %s "$1" > /proc/sys/fs/binfmt_misc/register && shift && exec "$@"`

/** What comes before the command. It is run as the user, who is root inside. */
export function emulated(): readonly [string, ...string[]] {
  const emulator = emulatorFile()
  const namespace = ['--user', '--map-root-user', '--mount', '--propagation=private']
  const registration = `:ingot-aarch64:M::${MAGIC}:${MASK}:${emulator}:FPO`
  return ['unshare', ...namespace, 'sh', '-c', SCRIPT, 'sh', registration]
}

/** qemu alone, with pages of that size: for programs that start no others. */
export function withPages(size: number): readonly [string, ...string[]] {
  return [emulatorFile(), '-p', String(size)]
}

function emulatorFile(): string {
  needTool(EMULATOR, 'qemu-user-static')
  return `/usr/bin/${EMULATOR}`
}
