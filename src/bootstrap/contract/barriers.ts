// In a build run what is the world's is asked for in JavaScript first: where the kernel finds a barrier, no JavaScript
// runs at the thaw, and nobody could check the contract before the program goes on.

import { VIRTUAL_ROOT } from '../../format/archive.ts'
import { CONTROL_ROOT } from '../control.ts'
import type { Freezing } from '../frozen.ts'
import type { Internals } from '../internals.ts'

/** @param beforeProgram nothing of it runs in the build: it could prepare for what is enforced later */
export function stopInJavaScript(
  { fs, fsDir, processWrap, spawnSync, cares, crypto, moduleWrap, cjsLoader, requireBuiltin }: Internals,
  freezing: Freezing,
  { beforeProgram }: { readonly beforeProgram: boolean },
): void {
  const { internalBinding } = requireBuiltin('internal/test/binding')
  let isArmed = false
  const { begin } = freezing
  freezing.begin = () => {
    isArmed = true
    begin()
    // Nothing of the program runs before the barrier that the kernel has found: it is here, then.
    if (freezing.training.steps === 0) freezing.settle()
  }
  freezing.beforeBarrier = freezing.settle
  freezing.onSettled(() => (isArmed = false))
  const isOfHost = (given: unknown) => typeof given !== 'string' || !INSIDE.test(given)
  const stopAt = (
    target: any,
    names: readonly string[],
    isBarrier: (first: unknown) => boolean = () => true,
  ) => {
    for (const name of names) {
      const native = target[name]
      if (typeof native !== 'function') continue
      // It stays: to take all of them away would cost every start, and what stands on it has taken it already.
      target[name] = function (this: unknown, ...args: unknown[]) {
        if (isArmed && isBarrier(args[0])) freezing.settle()
        return Reflect.apply(native, this, args)
      }
    }
  }
  if (beforeProgram) {
    stopAt(moduleWrap.ModuleWrap.prototype, ['evaluate', 'evaluateSync'])
    stopAt(cjsLoader, ['wrapModuleLoad'])
  }
  stopAt(fs, OF_PATHS, isOfHost)
  // What is open and embedded does not come here.
  stopAt(fs, OF_DESCRIPTORS)
  for (const job of [fs.ReadFileJob, fs.WriteFileJob]) if (job) stopAt(job.prototype, ['run'], isOfHost)
  stopAt(fsDir, ['opendir', 'opendirSync'], isOfHost)
  stopAt(processWrap.Process.prototype, ['spawn'])
  stopAt(spawnSync, ['spawn'])
  stopAt(cares, ['getaddrinfo', 'getnameinfo'])
  stopAt((crypto as any).RandomBytesJob.prototype, ['run'])
  // To make one opens something.
  for (const [name, handle] of [
    ['tcp_wrap', 'TCP'],
    ['udp_wrap', 'UDP'],
    ['pipe_wrap', 'Pipe'],
  ] as const) {
    const binding = internalBinding(name)
    binding[handle] = new Proxy(binding[handle], {
      construct(native, args, target) {
        if (isArmed) freezing.settle()
        return Reflect.construct(native, args, target)
      },
    })
  }
}

const INSIDE = new RegExp(`^(?:${VIRTUAL_ROOT}(?:/|$)|${CONTROL_ROOT})`)

const OF_DESCRIPTORS = ['read', 'readBuffers', 'writeBuffer', 'writeBuffers', 'writeString', 'fstat', 'fsync']

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
