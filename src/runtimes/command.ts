// The user's own package clients (npm, apt-get, dpkg-deb) know how their machine reaches
// the network, so we run them. Their output is ours to interpret, never to pass through.

import { execFile } from 'node:child_process'

export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
  /** What the program said on its error stream, shortened to the end, where clients put the reason. */
  readonly reason: string

  constructor(command: string, reason: string) {
    super(`${command}: ${reason}`)
    this.reason = reason
  }
}

interface RunOptions {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  readonly timeoutMs: number
}

const REASON_LINES = 10
const MAX_OUTPUT_BYTES = 1 << 28

/** Runs a program to its end and gives its standard output. */
export function run(command: string, args: readonly string[], options: RunOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    execFile(
      command,
      args,
      {
        cwd: options.cwd,
        // Messages are matched and quoted, so they must not depend on the user's language.
        env: { ...options.env, LC_ALL: 'C' },
        timeout: options.timeoutMs,
        maxBuffer: MAX_OUTPUT_BYTES,
        encoding: 'buffer',
      },
      (error, stdout, stderr) => {
        if (error === null) return resolve(stdout)
        const said = stderr.toString().trim().split('\n').slice(-REASON_LINES).join('\n')
        const reason = error.killed ? `no answer after ${options.timeoutMs} ms` : said || error.message
        reject(new CommandFailure(command, reason))
      },
    )
  })
}
