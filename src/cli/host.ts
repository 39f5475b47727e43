// All that a command sees of the process it runs in, so that a test can run one without a process.

import type { BuildOptions, BuildResult, StartResult } from '../base/build-result.ts'
import type { Explanation } from '../explain.ts'

export interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

export interface Host {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: Output
  readonly stderr: Output
  readonly version: string
  readonly build: (options: BuildOptions) => Promise<BuildResult>
  readonly explain: (subject: string, options: BuildOptions) => Promise<Explanation[]>
  readonly explainStart: (options: BuildOptions) => Promise<StartResult>
}

/** The real one. The pipeline is loaded by the first build: `ingot --version` does without. */
export function processHost(version: string): Host {
  // `ingot help | head -1` closes the pipe early, which is no reason for a stack trace.
  process.stdout.on('error', () => {})
  return {
    cwd: process.cwd(),
    env: process.env,
    stdout: process.stdout,
    stderr: process.stderr,
    version,
    build: async (options) => (await import('../build.ts')).build(options),
    explainStart: async (options) => (await import('../explain.ts')).explainStart(options),
    explain: async (subject, options) => (await import('../explain.ts')).explain(subject, options),
  }
}
