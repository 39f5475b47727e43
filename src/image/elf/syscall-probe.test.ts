import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'

import { DATA, emitSyscallProbe, type SyscallProbe } from './syscall-probe.ts'

const directory = mkdtempSync(path.join(tmpdir(), 'ingot-probe-'))
after(() => rmSync(directory, { recursive: true, force: true }))

const { EBADF, ENOENT, ENOSYS, EINVAL } = constants.errno
const PATH = Buffer.from('/no/such/file\0')

for (const [what, probe, status] of [
  ['getpid', { number: 39, args: [] }, 0],
  ['no system call', { number: 9999, args: [] }, ENOSYS],
  ['close(-1)', { number: 3, args: [0xffffffff] }, EBADF],
  ['open of a path in data', { number: 2, args: [DATA, 0, 0], data: PATH }, ENOENT],
  ['memfd_create with a wrong flag', { number: 319, args: [DATA, 0x80000000] }, EINVAL],
  ['mmap without a length', { number: 9, args: [0, 0, 3, 0x22, 0xffffffff] }, EINVAL],
] as const satisfies [string, SyscallProbe, number][]) {
  test(`${what} ends with ${status}`, () => {
    const file = path.join(directory, 'probe')
    rmSync(file, { force: true })
    writeFileSync(file, emitSyscallProbe(probe), { mode: 0o755 })
    assert.equal(spawnSync(file).status, status)
  })
}
