// Runs one of Node's own tests as Node's test runner does: a process, and its exit code says it all.

import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

export interface TestRun {
  readonly status: number | NodeJS.Signals | 'timeout' | null
  /** A test that finds itself out of place says so and ends well. */
  readonly skipped: boolean
  readonly output: string
}

const TIMEOUT_MS = 30_000
/** What a failure is reported with. */
const OUTPUT_LENGTH = 2000

/** In a new, empty working directory, with a directory of its own for what it writes. */
export async function runNodeTest(executable: string, test: string): Promise<TestRun> {
  const home = mkdtempSync(path.join(realpathSync(tmpdir()), 'ingot-node-'))
  const [cwd, scratch] = ['cwd', 'tmp'].map((name) => path.join(home, name)) as [string, string]
  mkdirSync(cwd)
  mkdirSync(scratch)
  const child = spawn(executable, [test], {
    cwd,
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      TMPDIR: scratch,
      NODE_TEST_DIR: scratch,
      // Node 18's list of globals; today's Node has more.
      NODE_TEST_KNOWN_GLOBALS: '0',
    },
    stdio: 'pipe',
    // A process group: what a failed test has started must not outlive it and hold its pipes.
    detached: true,
  })
  child.stdin.on('error', () => {})
  child.stdin.end()
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  const kill = (): void => {
    try {
      process.kill(-child.pid!, 'SIGKILL')
    } catch {
      // Nobody is left.
    }
  }
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    kill()
  }, TIMEOUT_MS)
  child.once('exit', () => setTimeout(kill, 50))
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => {
        const status = isLate ? 'timeout' : (code ?? signal)
        const skipped = /^1\.\.0 # Skipped/m.test(output)
        resolve({ status, skipped, output: output.slice(-OUTPUT_LENGTH) })
      })
    })
  } finally {
    clearTimeout(timer)
    rmSync(home, { recursive: true, force: true, maxRetries: 3 })
  }
}
