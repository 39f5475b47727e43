// A page in a real browser: Debian's Chromium without a window, over its own protocol (DevTools, version 1.3).

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

import { printed } from './empty-root.ts'

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: Record<string, unknown>
  readonly result?: Record<string, unknown>
  readonly error?: { readonly message: string }
}

type Waiting = PromiseWithResolvers<Record<string, unknown>>

export class Page {
  /** What the page and the browser complain of, and every address that was asked for. */
  readonly complaints: string[] = []
  readonly requests: string[] = []
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, Waiting>()
  readonly #loaded = Promise.withResolvers<void>()
  #last = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => this.#receive(JSON.parse(String(data)) as Message))
  }

  static async connect(address: string): Promise<Page> {
    const socket = new WebSocket(address)
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve, { once: true })
      socket.addEventListener('error', reject, { once: true })
    })
    const page = new Page(socket)
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await page.send(`${domain}.enable`)
    return page
  }

  send(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const waiting: Waiting = Promise.withResolvers()
    this.#waiting.set(++this.#last, waiting)
    this.#socket.send(JSON.stringify({ id: this.#last, method, params }))
    return waiting.promise
  }

  async open(file: string): Promise<void> {
    await this.send('Page.navigate', { url: pathToFileURL(file).href })
    await this.#loaded.promise
  }

  /** The value of an expression in the page; promises are waited for. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = (await this.send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    })) as { result: { value: T }; exceptionDetails?: { exception?: { description?: string } } }
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? expression)
    return result.value
  }

  /** A key as a person presses it. */
  async press(key: string, code = key): Promise<void> {
    const text = key === 'Enter' ? { text: '\r' } : {}
    const virtual = { Enter: 13, Escape: 27, ArrowRight: 39, Tab: 9 }[key]
    const common = { key, code, windowsVirtualKeyCode: virtual }
    await this.send('Input.dispatchKeyEvent', { type: 'keyDown', ...common, ...text })
    await this.send('Input.dispatchKeyEvent', { type: 'keyUp', ...common })
  }

  #receive({ id, method, params = {}, result = {}, error }: Message): void {
    if (id !== undefined) {
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error) waiting?.reject(new Error(error.message))
      else waiting?.resolve(result)
      return
    }
    if (method === 'Page.loadEventFired') this.#loaded.resolve()
    if (method === 'Network.requestWillBeSent') {
      this.requests.push((params['request'] as { url: string }).url)
    }
    const isComplaint =
      method === 'Runtime.exceptionThrown' ||
      method === 'Log.entryAdded' ||
      method === 'Runtime.consoleAPICalled'
    if (isComplaint) this.complaints.push(JSON.stringify(params))
  }
}

/** Opens a file, lets the caller look at it, and ends the browser. */
export async function inBrowser<T>(file: string, look: (page: Page) => Promise<T>): Promise<T> {
  const profile = mkdtempSync(path.join(tmpdir(), 'ingot-browser-'))
  const flags = [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--no-first-run',
    '--remote-debugging-port=0',
  ]
  const browser = spawn('chromium', [...flags, '--window-size=1200,900', `--user-data-dir=${profile}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const failed = new Promise<never>((_, reject) => {
    browser.once('error', (cause) =>
      reject(new Error('this test needs Chromium: apt-get install chromium', { cause })),
    )
  })
  const ended = new Promise((resolve) => browser.once('close', resolve))
  try {
    const listening = printed(browser.stderr, /ws:\/\/\S+/)
    const { host } = new URL(await Promise.race([listening, failed]))
    const response = await fetch(`http://${host}/json/new?about:blank`, { method: 'PUT' })
    const { webSocketDebuggerUrl } = (await response.json()) as { webSocketDebuggerUrl: string }
    const page = await Page.connect(webSocketDebuggerUrl)
    await page.open(file)
    return await look(page)
  } finally {
    if (browser.kill('SIGKILL')) await ended
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}
