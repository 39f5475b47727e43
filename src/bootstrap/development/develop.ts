// The bootstrap's part of `ingot dev`: the process waits for its program, leaves the sockets that it listens on to the
// next one, and says which files it reads that will not be there where it ships.

import {
  besideExecutable,
  type Loaded,
  type Order,
  type SupervisorMessage,
} from '../../format/development.ts'
import { CONTROL_ROOT } from '../control.ts'
import type { Development } from '../development.ts'
import type { Internals } from '../internals.ts'
import { loadAhead, loadedBuiltins } from '../warm-up.ts'
import { openChannel } from './channel.ts'
import { countFromNow } from './clocks.ts'
import { watchHostFiles } from './host-files.ts'
import { DevelopmentInspector } from './inspector.ts'
import { KeptSockets } from './kept-sockets.ts'
import { Recorder } from './recorder.ts'
import { reportTo } from './report.ts'

/** As the launcher leaves it. */
const CHANNEL_VARIABLE = '\u0001ODE_CHANNEL_FD'
/** Where it is said that there is an order (dev/instance.ts). */
const ORDER_DESCRIPTOR = 3
/** Programs that serve nothing are asked what they have loaded after this long. */
const SETTLED_AFTER_MS = 500

/** @param isWorker this thread is not the program's first */
export function develop(internals: Internals, isWorker: boolean): Development {
  const { fs } = internals
  const beside = besideExecutable(process.execPath)
  const readText = fs.readFileUtf8 as (file: string, flags: number) => string
  const exists = fs.existsSync as (file: string) => boolean
  const descriptor = isWorker ? undefined : process.env[CHANNEL_VARIABLE]
  // Threads and children of the program have it in memory, and nobody to speak with.
  const channel = descriptor === undefined ? undefined : openChannel(internals, Number(descriptor))
  const report = reportTo(internals, beside.reports)
  const readOrder = () => JSON.parse(readText(beside.order, 0)) as Order
  // A traced program has no channel; others may be started before there is an order.
  const order = channel ? undefined : readOrder()
  const recorder = order?.record && new Recorder(internals, order, report)
  /** Whatever the last process has loaded, as long as there is time. */
  const getReady = ({ modules, builtins }: Loaded, prepare: (path: string) => void): void => {
    loadAhead(internals.requireBuiltin, builtins)
    internals.v8.setFlagsFromString('--no-flush-bytecode')
    internals.v8.setFlagsFromString('--no-lazy')
    for (const path of modules) {
      if (exists(beside.payload)) break
      prepare(path)
    }
    internals.v8.setFlagsFromString('--lazy')
  }
  return {
    awaitProgram(prepare) {
      if (!channel) return
      if (exists(beside.loaded)) getReady(JSON.parse(readText(beside.loaded, 0)) as Loaded, prepare)
      const { readSync, closeSync } = internals.requireBuiltin('fs')
      // The end of the stream: whom it was made for is gone.
      if (readSync(ORDER_DESCRIPTOR, Buffer.alloc(1)) === 0) process.kill(process.pid, 'SIGKILL')
      closeSync(ORDER_DESCRIPTOR)
      if (!exists(`${CONTROL_ROOT}payload`)) throw new Error('ingot dev: there is no program')
      internals.v8.setFlagsFromString('--flush-bytecode')
      countFromNow()
    },
    begin(loadedModules, archive) {
      for (const name of ['NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE']) delete process.env[name]
      const { root, sockets: given, inspect } = order ?? readOrder()
      if (recorder) recorder.begin(archive)
      else watchHostFiles(internals, root, report)
      if (!channel) return
      const tellLoaded = () =>
        report({ kind: 'loaded', modules: loadedModules(), builtins: loadedBuiltins() })
      setTimeout(tellLoaded, SETTLED_AFTER_MS).unref()
      const sockets = new KeptSockets(internals, given, channel, tellLoaded)
      const inspector = new DevelopmentInspector(internals, channel)
      if (inspect) inspector.open(inspect)
      channel.on('disconnect', () => process.kill(process.pid, 'SIGTERM'))
      channel.on('message', (message: SupervisorMessage, handle: unknown) => {
        if (message.kind === 'retire') sockets.retire()
        else if (message.kind === 'connection') sockets.accept(message.key, handle)
        else if (message.place) inspector.open(message.place)
        else inspector.close()
      })
    },
  }
}
