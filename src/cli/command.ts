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
  deploy: {
    brief: 'Write files that deploy an executable: for systemd, Kubernetes, Nomad or launchd',
    load: async () => (await import('./commands/deploy.ts')).deployCommand,
  },
  dev: {
    brief: 'Run a program, and whatever becomes of it as its sources change',
    load: async () => (await import('./commands/dev.ts')).devCommand,
  },
  diff: {
    brief: 'Say what has changed between two executables',
    load: async () => (await import('./commands/diff.ts')).diffCommand,
  },
  doctor: {
    brief: 'Check the host, the cache and the project, and say what is wrong',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand,
  },
  fuse: {
    brief: 'Show what the environment may do to an executable, or change it',
    load: async () => (await import('./commands/fuse.ts')).fuseCommand,
  },
  image: {
    brief: 'Make a container image of a program: an OCI layout, a tar, or pushed to a registry',
    load: async () => (await import('./commands/image.ts')).imageCommand,
  },
  inspect: {
    brief: 'Show what an executable is and has inside, without running it; as an SBOM, too',
    load: async () => (await import('./commands/inspect.ts')).inspectCommand,
  },
  licenses: {
    brief: 'Print the licences and notices of everything inside an executable',
    load: async () => (await import('./commands/licenses.ts')).licensesCommand,
  },
  report: {
    brief: 'Write a page about an executable: a map of its bytes, its modules, licences and contract',
    load: async () => (await import('./commands/report.ts')).reportCommand,
  },
  run: {
    brief: 'Build a program into the cache, unless it is there, and run it',
    load: async () => (await import('./commands/run.ts')).runCommand,
  },
  sign: {
    brief: 'Sign an executable with an Ed25519 key',
    load: async () => (await import('./commands/sign.ts')).signCommand,
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
  verify: {
    brief: 'Check every byte of an executable, and who has signed it',
    load: async () => (await import('./commands/verify.ts')).verifyCommand,
  },
  why: {
    brief: 'Explain why a file or package is inside, bundled or left out',
    load: async () => (await import('./commands/why.ts')).whyCommand,
  },
}
