// The processes that a traced program starts.

import type { Recorder } from './recorder.ts'

/** Enough to know what it is; what follows may be anybody's secret. */
const SHOWN_ARGUMENTS = 2
const LONGEST_ARGUMENT = 200

export function recordProcesses(recorder: Recorder): void {
  const { processWrap, spawnSync } = recorder.internals
  const note = (file: string, args: readonly unknown[]): void => {
    const shown = args.slice(1, 1 + SHOWN_ARGUMENTS).map((argument) => shorten(String(argument)))
    recorder.note({ kind: 'process', file: file === process.execPath ? 'node' : file, arguments: shown })
  }
  const { prototype } = processWrap.Process
  const { spawn } = prototype
  prototype.spawn = function (this: unknown, file: string, args: readonly unknown[], ...rest: unknown[]) {
    note(file, args)
    return Reflect.apply(spawn, this, [file, args, ...rest])
  }
  const { spawn: runSync } = spawnSync
  spawnSync.spawn = (options: { file: string; args: readonly unknown[] }) => {
    note(options.file, options.args)
    return runSync(options)
  }
}

function shorten(text: string): string {
  return text.length > LONGEST_ARGUMENT ? `${text.slice(0, LONGEST_ARGUMENT)}…` : text
}
