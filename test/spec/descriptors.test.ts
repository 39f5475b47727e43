// Embedded files that are handed on as descriptors: to children, and to node's native side.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ingotBuild, run, runNode } from '../support/commands.ts'
import { makeProject } from '../support/project.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { START } from '../support/thorough.ts'

const MAIN = `import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { closeSync, createReadStream, openSync, readSync } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { connect, createServer } from 'node:http2'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

const file = new URL('data.txt', import.meta.url)
const before = (await readdir('/proc/self/fd')).length
const first = openSync(file)
console.log('spawnSync', String(spawnSync('cat', [], { stdio: [first, 'pipe', 'inherit'] }).stdout))
closeSync(first)
const second = openSync(file)
readSync(second, Buffer.alloc(6))
console.log('from where it was read', await text(spawn('cat', [], { stdio: [second, 'pipe', 'inherit'] }).stdout!))
closeSync(second)
const stream = createReadStream(file)
await once(stream, 'open')
console.log('stream', String(execFileSync('cat', { stdio: [stream, 'pipe', 'inherit'] })))
stream.destroy()

const handle = await open(file)
const server = createServer().on('stream', (stream, headers) => {
  if (headers[':path'] === '/file') stream.respondWithFile(file.pathname)
  else if (headers[':path'] === '/part') stream.respondWithFile(file.pathname, {}, { offset: 1, length: 3 })
  else stream.respondWithFD(handle.fd)
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as { port: number }
const client = connect('http://127.0.0.1:' + port)
for (const path of ['/file', '/part', '/descriptor', '/descriptor']) console.log(path, await text(client.request({ ':path': path })))
client.close()
server.close()
await handle.close()
await new Promise((resolve) => setTimeout(resolve, 50))
console.log('left open', (await readdir('/proc/self/fd')).length - before < 3)
console.log(String(execFileSync(process.execPath, ['-e', 'console.log(typeof fs.readFileSync, path.sep, require === module.require)'])))
`

test('descriptors of embedded files', async () => {
  const project = makeProject(temporaryDirectory(), {
    'package.json': { type: 'module' },
    'main.ts': MAIN,
    'data.txt': 'what is in the file',
  })
  await ingotBuild(['main.ts', '-o', 'app', ...START], { cwd: project })
  const { stdout, stderr } = await run('./app', [], { cwd: project })
  const expected = await runNode(['main.ts'], { cwd: project })
  assert.deepEqual({ stdout, stderr }, { stdout: expected.stdout, stderr: expected.stderr })
  assert.match(stdout, /from where it was read s in the file/)
})
