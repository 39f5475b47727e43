// `ingot dev` at a terminal: what is shown, keys and signals. All of it goes to standard error; standard output and
// input are the program's.

import { spawn } from 'node:child_process'

import type { DevelopmentLoop, DevelopOptions, InspectorPlace } from '../develop.ts'
import { watchKeys } from './dev-keys.ts'
import { devReporter } from './dev-reporter.ts'
import type { Host } from './host.ts'

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

/**
 * @param inspectorPlace where `i` opens the inspector
 * @returns the exit code
 */
export async function develop(
  host: Host,
  options: DevelopOptions,
  inspectorPlace: InspectorPlace,
): Promise<number> {
  const over = new AbortController()
  let exitCode = 0
  /** Null where the program has had the signal from the terminal. */
  let endBy: NodeJS.Signals | null = 'SIGTERM'
  const end = (code: number, signal: NodeJS.Signals | null) => {
    if (over.signal.aborted) return
    exitCode = code
    endBy = signal
    over.abort()
  }
  const names = Object.keys(EXIT_CODES) as (keyof typeof EXIT_CODES)[]
  const onSignal = (name: NodeJS.Signals) => {
    const isFromTerminal = name === 'SIGINT' && process.stdin.isTTY
    end(EXIT_CODES[name as keyof typeof EXIT_CODES], isFromTerminal ? null : name)
  }
  for (const name of names) process.on(name, onSignal)

  let loop: DevelopmentLoop | undefined
  let url: string | undefined
  const keys = watchKeys({
    r: () => void loop?.restart(),
    o: () => url !== undefined && openInBrowser(url),
    i: () => loop && (loop.inspector = loop.inspector ? undefined : inspectorPlace),
    q: () => end(0, 'SIGTERM'),
    '\u0003': () => end(EXIT_CODES.SIGINT, 'SIGINT'),
  })
  const reporter = devReporter(host)
  try {
    loop = await host.develop(options, {
      ...reporter,
      gone: () => keys.renew(),
      listening(at, sinceMs) {
        url ??= at
        reporter.listening(at, sinceMs)
        // A program that serves does not read the terminal, which until then is its own.
        if (keys.begin()) host.stderr.write(KEYS)
      },
    })
    await loop.run(over.signal)
    await loop.end(endBy)
  } finally {
    keys.end()
    for (const name of names) process.off(name, onSignal)
  }
  return exitCode
}

const KEYS = '  r restart, o open, i inspect, q quit\n'

function openInBrowser(url: string): void {
  spawn('xdg-open', [url], { stdio: 'ignore', detached: true })
    .on('error', () => {}) // there is no desktop here
    .unref()
}
