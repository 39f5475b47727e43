// A mirror of node's releases that has one: the node that everybody is compared with, as npm has it. For peers that
// would fetch theirs from a host that may be out of reach, and to have them all run the same one.
//
//   node node-mirror.ts <directory>      prints its address, and serves until it is ended

import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  copyFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'

export interface Mirror {
  readonly address: string
  close(): void
}

/** A process of its own: the bench waits for its children without looking at sockets. */
export async function startMirror(directory: string): Promise<Mirror> {
  const child = spawn(process.execPath, [import.meta.filename, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  child.stdout.destroy()
  child.unref()
  return { address: line.toString().trim(), close: () => void child.kill() }
}

const VERSION = process.version
const RELEASE = `node-${VERSION}-linux-x64`

function writeRelease(directory: string): void {
  const release = path.join(directory, RELEASE)
  mkdirSync(path.join(release, 'bin'), { recursive: true })
  copyFileSync(process.execPath, path.join(release, 'bin/node'))
  writeFileSync(path.join(release, 'LICENSE'), 'see https://github.com/nodejs/node/blob/main/LICENSE\n')
  const archives = { 'tar.gz': 'gzip -1', 'tar.xz': 'xz -0 -T0' }
  const sums = Object.entries(archives).map(([kind, compressor]) => {
    const name = `${RELEASE}.${kind}`
    const { status, stderr } = spawnSync('tar', ['-I', compressor, '-cf', name, RELEASE], { cwd: directory })
    if (status !== 0) throw new Error(`tar ended with ${status}: ${stderr.toString()}`)
    const sha256 = createHash('sha256')
      .update(readFileSync(path.join(directory, name)))
      .digest('hex')
    return `${sha256}  ${name}\n`
  })
  writeFileSync(path.join(directory, 'SHASUMS256.txt'), sums.join(''))
  const entry = { version: VERSION, date: '2026-01-01', files: ['linux-x64'], lts: false, security: false }
  writeFileSync(path.join(directory, 'index.json'), JSON.stringify([entry]))
}

function serve(directory: string): void {
  const server = createServer(({ url = '', method }, response) => {
    const file = path.join(directory, path.basename(url.split('?')[0]!))
    const isThere = existsSync(file) && statSync(file).isFile()
    response.writeHead(isThere ? 200 : 404, isThere ? { 'content-length': statSync(file).size } : {})
    if (isThere && method !== 'HEAD') createReadStream(file).pipe(response)
    else response.end()
  })
  server.listen(0, '127.0.0.1', () =>
    process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`),
  )
}

if (import.meta.main) {
  const directory = path.resolve(process.argv[2]!)
  writeRelease(directory)
  serve(directory)
}
