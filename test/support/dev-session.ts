// A running `ingot dev`, and what it and its program say.

import assert from 'node:assert/strict'
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { readdirSync } from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'

import { cacheRoot } from '../../src/runtimes/cache-root.ts'
import { INGOT } from './commands.ts'

const LONGEST_MS = 20_000

export interface DevOptions {
  readonly cwd: string
  readonly env?: NodeJS.ProcessEnv
  /** A command that runs the one behind it. */
  readonly under?: readonly string[]
  /** All of the command line, if it is another. */
  readonly command?: readonly string[]
}

export class DevSession {
  readonly process: ChildProcessByStdio<Writable, Readable, Readable>
  /** The program's. */
  stdout = ''
  /** The program's, and what `ingot dev` says. */
  stderr = ''
  readonly ended: Promise<number | null>

  constructor(args: readonly string[], { cwd, env = {}, under = [], command }: DevOptions) {
    const [file = '', ...rest] = command ?? [...under, process.execPath, INGOT, 'dev', ...args]
    this.process = spawn(file, rest, { cwd, env: { ...process.env, ...env }, stdio: 'pipe' })
    this.process.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text))
    this.process.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
    this.ended = new Promise((resolve) => this.process.once('close', resolve))
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

  /** The archive of what runs, or has run last. */
  payload(): string {
    const sessions = path.join(cacheRoot(process.env), 'dev')
    const [name = ''] = readdirSync(sessions).filter((each) => each.startsWith(`${this.process.pid}-`))
    const files = readdirSync(path.join(sessions, name), { recursive: true, encoding: 'utf8' })
    const payloads = files.filter((file) => file.endsWith('.payload'))
    return path.join(
      sessions,
      name,
      payloads.toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10)).at(-1)!,
    )
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.process.kill(signal)
    return this.ended
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
