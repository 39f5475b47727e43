// The inspector of a program that is developed. An executable that ships never opens it.

import type { InspectorPlace, ProgramMessage } from '../../format/development.ts'
import type { Internals } from '../internals.ts'
import type { Channel } from './channel.ts'

export class DevelopmentInspector {
  readonly #internals: Internals
  readonly #channel: Channel

  constructor(internals: Internals, channel: Channel) {
    this.#internals = internals
    this.#channel = channel
  }

  /** Node says itself where it listens, on standard error. */
  open({ host, port, wait }: InspectorPlace): void {
    const inspector = this.#internals.requireBuiltin('inspector')
    if (inspector.url() === undefined) inspector.open(port, host)
    if (wait) inspector.waitForDebugger()
    this.#tell(inspector.url())
  }

  /** The next process wants the same port. */
  close(): void {
    const inspector = this.#internals.requireBuiltin('inspector')
    if (inspector.url() !== undefined) inspector.close()
    this.#tell(undefined)
  }

  #tell(url: string | undefined): void {
    this.#channel.send({ kind: 'inspector', url } satisfies ProgramMessage)
  }
}
