import type { OptionTable } from './arguments.ts'
import type { Host } from './host.ts'

export interface Command {
  /** What follows `ingot <name>`. */
  readonly usage: string
  readonly options: OptionTable
  /** The arguments among which --help is ours: all, unless some are another program's. */
  ownArguments?(argv: readonly string[]): readonly string[]
  /** Gives the exit code. */
  run(argv: readonly string[], host: Host): Promise<number>
}

interface CommandEntry {
  readonly brief: string
  readonly load: () => Promise<Command>
}

/** A command is loaded when it is called: the briefs are all that the list of commands needs. */
export const commands: Readonly<Record<string, CommandEntry>> = {
  build: {
    brief: 'Build a TypeScript program into one static executable',
    load: async () => (await import('./commands/build.ts')).buildCommand,
  },
  dev: {
    brief: 'Run a program, and whatever becomes of it as its sources change',
    load: async () => (await import('./commands/dev.ts')).devCommand,
  },
  doctor: {
    brief: 'Check the host, the cache and the project, and say what is wrong',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand,
  },
  run: {
    brief: 'Build a program into the cache, unless it is there, and run it',
    load: async () => (await import('./commands/run.ts')).runCommand,
  },
  test: {
    brief: 'Build test files into one executable and run it, as node --test would',
    load: async () => (await import('./commands/test.ts')).testCommand,
  },
  trace: {
    brief: 'Run a program, record what it uses, and compare that with what a build finds',
    load: async () => (await import('./commands/trace.ts')).traceCommand,
  },
  types: {
    brief: 'Write the types of the variables that the contract declares',
    load: async () => (await import('./commands/types.ts')).typesCommand,
  },
  why: {
    brief: 'Explain why a file or package is inside, bundled or left out',
    load: async () => (await import('./commands/why.ts')).whyCommand,
  },
}
