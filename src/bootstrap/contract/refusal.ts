// How a program is told that its contract does not allow something: with the error that node's permission model has.

import type { Internals } from '../internals.ts'
import { ReflectApply } from './primordials.ts'

/** As node names them. */
export type Permission =
  | 'FileSystemRead'
  | 'FileSystemWrite'
  | 'Net'
  | 'ChildProcess'
  | 'WorkerThreads'
  | 'Addon'
  | 'Inspector'
  | 'Internals'

const REMEDY: Record<Permission, string> = {
  FileSystemRead: 'add it to files.read',
  FileSystemWrite: 'add it to files.write',
  Net: 'add it to connect, or to listen',
  ChildProcess: 'add it to run',
  WorkerThreads: 'write workers: true',
  Addon: 'write native: true',
  Inspector: 'build without enforce to inspect it',
  Internals: 'build without enforce to use it',
}

export type Refuse = (permission: Permission, resource: string) => Error

export function createRefusal({ requireBuiltin }: Internals): Refuse {
  const { ERR_ACCESS_DENIED } = requireBuiltin('internal/errors').codes
  return (permission, resource) =>
    new ERR_ACCESS_DENIED(
      `The contract of this program does not allow it: ${resource} (${REMEDY[permission]})`,
      permission,
      resource,
    )
}

/** The request among the arguments of a native function of node:fs (vfs/requests.ts); it is the last of its kind. */
export function deliver(args: readonly unknown[], promiseMark: unknown, error: Error): unknown {
  for (let i = args.length - 1; i >= 0; i--) {
    const arg: any = args[i]
    if (arg === promiseMark) return rejected(error)
    if (typeof arg !== 'object' || arg === null || typeof arg.oncomplete !== 'function') continue
    later(() => ReflectApply(arg.oncomplete, arg, [error]))
    return undefined
  }
  throw error
}

const later = setImmediate

async function rejected(error: Error): Promise<never> {
  throw error
}
