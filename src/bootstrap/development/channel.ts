// The way to `ingot dev`: as node has it for fork(), but nothing of it is the program's.

import { EventEmitter } from 'node:events'

import type { Internals } from '../internals.ts'

export interface Channel extends EventEmitter {
  /** The process is not over as long as it is there. */
  readonly channel: { ref(): void }
  send(message: unknown, handle?: unknown, options?: object, sent?: () => void): void
}

export function openChannel({ requireBuiltin }: Internals, descriptor: number): Channel {
  const { internalBinding } = requireBuiltin('internal/test/binding')
  const { Pipe, constants } = internalBinding('pipe_wrap')
  const pipe = new Pipe(constants.IPC)
  pipe.open(descriptor)
  pipe.unref()
  const channel = new EventEmitter()
  requireBuiltin('internal/child_process').setupChannel(channel, pipe, 'json')
  return channel as Channel
}
