// In a build run what is the world's is asked for in JavaScript first: where the kernel finds a barrier, no JavaScript
// runs at the thaw, and nobody could check the contract before the program goes on.

import { VIRTUAL_ROOT } from '../../format/archive.ts'
import { CONTROL_ROOT } from '../control.ts'
import type { Freezing } from '../frozen.ts'
import type { Internals } from '../internals.ts'

export function stopInJavaScript(
  { fs, fsDir, processWrap, spawnSync, cares, requireBuiltin }: Internals,
  freezing: Freezing,
): void {
  const { internalBinding } = requireBuiltin('internal/test/binding')
  const { TCP } = internalBinding('tcp_wrap')
  const { UDP } = internalBinding('udp_wrap')
  const { Pipe } = internalBinding('pipe_wrap')
  const isOfHost = (given: unknown) =>
    (typeof given === 'string' && !given.startsWith(VIRTUAL_ROOT) && !given.startsWith(CONTROL_ROOT)) ||
    given instanceof Uint8Array
  const stopAt = (target: any, names: readonly string[], isBarrier: (args: unknown[]) => boolean) => {
    for (const name of names) {
      const native = target[name]
      if (typeof native !== 'function') continue
      const stopping = function (this: unknown, ...args: unknown[]) {
        if (freezing.isBuilding() && isBarrier(args)) freezing.settle()
        return Reflect.apply(native, this, args)
      }
      target[name] = stopping
      freezing.onSettled(() => {
        if (target[name] === stopping) target[name] = native
      })
    }
  }
  const always = () => true
  stopAt(fs, OF_PATHS, ([given]) => isOfHost(given))
  stopAt(fs.ReadFileJob.prototype, ['run'], ([given]) => isOfHost(given))
  stopAt(fs.WriteFileJob.prototype, ['run'], ([given]) => isOfHost(given))
  stopAt(fsDir, ['opendir', 'opendirSync'], ([given]) => isOfHost(given))
  stopAt(TCP.prototype, ['bind', 'bind6', 'connect', 'connect6'], always)
  stopAt(UDP.prototype, ['bind', 'bind6', 'connect', 'connect6', 'send', 'send6'], always)
  stopAt(Pipe.prototype, ['bind', 'connect'], always)
  stopAt(processWrap.Process.prototype, ['spawn'], always)
  stopAt(spawnSync, ['spawn'], always)
  stopAt(cares, ['getaddrinfo', 'getnameinfo'], always)
}

/** Of the fs binding, whose first argument is one. */
const OF_PATHS = [
  'access',
  'existsSync',
  'open',
  'openFileHandle',
  'readFileUtf8',
  'readdir',
  'stat',
  'lstat',
  'statfs',
  'readlink',
  'realpath',
  'copyFile',
  'rename',
  'rmdir',
  'rmSync',
  'unlink',
  'mkdir',
  'mkdtemp',
  'symlink',
  'link',
  'chmod',
  'chown',
  'utimes',
  'writeFileUtf8',
]
