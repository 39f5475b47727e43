// Where a file runs: copied there, with nothing of what it was made of.

import { readFileSync } from 'node:fs'

import { isolation, runInEmptyRoot, type Outcome, type RootOptions } from '../../test/support/empty-root.ts'
import { run } from '../../test/support/commands.ts'
import { needsDebian } from '../debian.ts'
import type { Program } from '../programs.ts'
import type { Value } from './figure.ts'
import { shortened, type Built } from './subject.ts'

interface Place {
  readonly name: string
  readonly about: string
  run(file: string, args: readonly string[]): Promise<Outcome>
}

const inRoot = (name: string, about: string, options: () => RootOptions): Place => ({
  name,
  about,
  run: (file, args) => runInEmptyRoot(file, { args, ...options() }),
})

/** In this system, after something was mounted; the file is on a file system of its own, at /mnt. */
const here = (name: string, about: string, mounts: string): Place => ({
  name,
  about,
  run: (file, args) => {
    const script = `set -e
mount -t tmpfs tmpfs /mnt
cp "$1" /mnt/program
shift
${mounts}
cd /mnt
exec /mnt/program "$@"`
    const shell = ['sh', '-c', script, 'sh', file, ...args]
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', NODE_DISABLE_COMPILE_CACHE: '1' }
    return run('unshare', ['--mount', '--pid', '--fork', '--propagation=private', ...shell], { env })
  },
})

const MUSL = '/lib/ld-musl-x86_64.so.1'

export const PLACES: readonly Place[] = [
  here('this system', 'Debian 12 as it is', ''),
  here(
    'read-only',
    'the same, with all of the root file system and /tmp read-only',
    'mount -t tmpfs -o ro tmpfs /tmp\nmount -o remount,bind,ro /\nmount -o remount,ro /mnt',
  ),
  here(
    '/tmp noexec',
    'the same, with a home and a /tmp from which nothing can be executed',
    'mount -t tmpfs -o noexec tmpfs /tmp\nmount -t tmpfs -o noexec tmpfs /root',
  ),
  here('no /proc', 'the same without /proc', 'mount -t tmpfs -o ro tmpfs /proc'),
  inRoot(
    'empty root',
    'a root directory with nothing but the file, read-only, as nobody; no /proc, no /dev',
    () => ({}),
  ),
  inRoot('empty root with /proc', 'the same with /proc', () => ({ proc: true })),
  inRoot(
    'musl only',
    'a root directory with musl, busybox and the file, with /proc, /tmp and a terminal’s devices',
    () => {
      needsDebian('musl', 'busybox-static')
      return {
        proc: true,
        tmp: 'writable',
        files: { [MUSL]: readFileSync(MUSL), 'bin/busybox': readFileSync('/usr/bin/busybox') },
        executables: [MUSL, 'bin/busybox'],
      }
    },
  ),
]

/** @returns for each the number of places, with those where it does not run */
export async function places(built: readonly Built[], program: Program): Promise<Value[]> {
  if (isolation() !== 'root') throw new Error('mounts need root')
  const values: Value[] = []
  for (const { peer, file, project } of built) {
    if (file === undefined) continue
    const { args, prints } = program.starts[0]
    const failed: string[] = []
    for (const place of PLACES) {
      const { status, stdout, stderr } = await place.run(file, args)
      const isRight = status === 0 && (peer.isReference || prints.test(stdout))
      if (!isRight) failed.push(`${place.name} (${shortened(stderr).slice(0, 80) || `ended with ${status}`})`)
    }
    values.push({
      figure: 'places',
      of: project.program.name,
      peer: peer.name,
      value: PLACES.length - failed.length,
      ...(failed.length > 0 && { detail: failed.join('; ') }),
    })
  }
  return values
}
