// What the bench takes from Debian.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** Each package with a file of it. */
const PACKAGES = {
  'golang-go': '/usr/bin/go',
  wrk: '/usr/bin/wrk',
  strace: '/usr/bin/strace',
  musl: '/lib/ld-musl-x86_64.so.1',
  'busybox-static': '/usr/bin/busybox',
} as const

/** @throws Error with apt's message */
export function needsDebian(...names: readonly (keyof typeof PACKAGES)[]): void {
  const missing = names.filter((name) => !existsSync(PACKAGES[name]) && !existsSync(`/usr${PACKAGES[name]}`))
  if (missing.length === 0) return
  const { status, stderr, error } = spawnSync(
    'apt-get',
    ['install', '-qq', '-y', '--no-install-recommends', ...missing],
    {
      encoding: 'utf8',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  if (status !== 0) throw new Error(`apt-get install ${missing.join(' ')}: ${error?.message ?? stderr}`)
}
