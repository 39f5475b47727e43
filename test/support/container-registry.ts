// A registry for container images, as Debian packages it (docker-registry), on loopback; and what may stand in front of it.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import path from 'node:path'
import { after } from 'node:test'
import { setTimeout } from 'node:timers/promises'

import { temporaryDirectory } from './temporary.ts'

/** `ingot`, `geheim`: bcrypt, as `htpasswd -B` writes it. */
export const USER = { name: 'ingot', password: 'geheim' } as const
const HTPASSWD = 'ingot:$2y$05$lOPHLu6DL1kBdLsbHqqSLOsY71RXInbj3JRr0cw7nhJntJCQvY0PK\n'

export interface ContainerRegistry {
  /** `127.0.0.1:port` */
  readonly host: string
  readonly port: number
  /** At once, as by a power failure. */
  kill(): Promise<void>
  /** On the same port, with what it has stored. */
  restart(): Promise<void>
}

export async function startRegistry({ isPrivate = false } = {}): Promise<ContainerRegistry> {
  const directory = temporaryDirectory()
  const port = await freePort()
  const at = (name: string) => path.join(directory, name)
  const auth = { htpasswd: { realm: 'test', path: at('htpasswd') } }
  writeFileSync(at('htpasswd'), HTPASSWD)
  writeFileSync(
    at('config.yml'),
    // JSON is YAML.
    JSON.stringify({
      version: 0.1,
      log: { level: 'error', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: at('storage') } },
      http: { addr: `127.0.0.1:${port}`, secret: 'test' },
      ...(isPrivate && { auth }),
    }),
  )
  let child: ChildProcess | undefined
  const start = async () => {
    child = spawn('docker-registry', ['serve', at('config.yml')], { stdio: 'ignore' })
    child.once('error', (error) => assertStarted(error))
    await untilAnswering(`http://127.0.0.1:${port}/v2/`)
  }
  const kill = async () => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  after(kill)
  await start()
  return { host: `127.0.0.1:${port}`, port, kill, restart: start }
}

function assertStarted(cause: Error): never {
  throw new Error('the tests of images need the Debian package docker-registry (see .ci/run)', { cause })
}

async function untilAnswering(url: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await (await fetch(url)).body?.cancel()
      return
    } catch (error) {
      if (attempt > 100) throw error
      await setTimeout(50)
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

export interface Wire {
  readonly host: string
  /** Bytes that have gone to the registry since the last reset, with all headers. */
  sent: number
  /** Called with that number after each piece. */
  onSent: ((sent: number) => void) | undefined
  /** Ends all connections, in the middle of whatever is under way. */
  cut(): void
}

/** What counts the bytes on their way to a registry. */
export async function wireTo({ port }: ContainerRegistry): Promise<Wire> {
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    for (const socket of [client, upstream]) {
      open.add(socket)
      socket
        .on('error', () => {})
        .on('close', () => (open.delete(socket), client.destroy(), upstream.destroy()))
    }
    client.on('data', (bytes) => {
      wire.sent += bytes.length
      wire.onSent?.(wire.sent)
    })
    client.pipe(upstream)
    upstream.pipe(client)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const wire: Wire = {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent: 0,
    onSent: undefined,
    cut: () => open.forEach((socket) => socket.destroy()),
  }
  after(() => {
    server.close()
    wire.cut()
  })
  return wire
}
