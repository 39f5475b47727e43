// A running `ingot dev`, and what it and its program say.

import assert from 'node:assert/strict'
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import http from 'node:http'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'

import { INGOT } from './commands.ts'

const LONGEST_MS = 60_000

export interface DevOptions {
  readonly cwd: string
  readonly env?: NodeJS.ProcessEnv
  /** A command that runs the one behind it. */
  readonly under?: readonly string[]
}

export class DevSession {
  readonly process: ChildProcessByStdio<Writable, Readable, Readable>
  /** The program's. */
  stdout = ''
  /** The program's, and what `ingot dev` says. */
  stderr = ''
  readonly #ended: Promise<number | null>

  constructor(args: readonly string[], { cwd, env = {}, under = [] }: DevOptions) {
    const [command = '', ...rest] = [...under, process.execPath, INGOT, 'dev', ...args]
    this.process = spawn(command, rest, { cwd, env: { ...process.env, ...env }, stdio: 'pipe' })
    this.process.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text))
    this.process.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
    this.#ended = new Promise((resolve) => this.process.once('close', resolve))
  }

  /** Waits until that is so, and gives what it is. */
  async until<T>(
    what: string,
    look: () => T | undefined | false | Promise<T | undefined | false>,
  ): Promise<T> {
    for (const start = performance.now(); performance.now() - start < LONGEST_MS; await delay(5)) {
      const found = await look()
      if (found !== undefined && found !== false) return found
    }
    assert.fail(`never: ${what}\nstdout: ${this.stdout}\nstderr: ${this.stderr}`)
  }

  says(pattern: RegExp, stream: 'stdout' | 'stderr' = 'stderr'): Promise<RegExpExecArray> {
    return this.until(`${pattern} on ${stream}`, () => pattern.exec(this[stream]) ?? undefined)
  }

  /** What is said from now on is all that counts. */
  forget(): void {
    this.stdout = this.stderr = ''
  }

  /** The program's answer; undefined if it has none. */
  async ask(port: number, agent?: http.Agent): Promise<string | undefined> {
    return ask(port, agent).catch(() => undefined)
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.process.kill(signal)
    return this.#ended
  }
}

export function ask(port: number, agent = new http.Agent(), url = '/'): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const request = http.get({ host: '127.0.0.1', port, agent, path: url }, (response) => {
    let text = ''
    response
      .setEncoding('utf8')
      .on('data', (chunk: string) => (text += chunk))
      .on('end', () => resolve(text))
      .on('error', reject)
  })
  request.on('error', reject)
  return promise
}
