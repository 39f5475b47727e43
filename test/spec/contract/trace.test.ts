// `ingot trace` and contracts: what the program did becomes a contract to paste, with which a build is content; and what
// it did beyond the one that it has is named.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import path from 'node:path'
import { test } from 'node:test'

import { ingot, ingotBuild, run } from '../../support/commands.ts'
import { writeFiles } from '../../support/files.ts'
import { makeProject } from '../../support/project.ts'
import { temporaryDirectory } from '../../support/temporary.ts'

test('a traced run becomes a contract, which is then enforced', async () => {
  const outside = writeFiles(temporaryDirectory(), { 'data.txt': 'data', 'out/x': '' })
  const project = makeProject(temporaryDirectory(), {
    'package.json': { name: 'traced', type: 'module' },
    'main.ts': `import http from 'node:http'
import fs from 'node:fs'
import { execFileSync } from 'node:child_process'
const { PORT, API_TOKEN } = process.env
fs.readFileSync(${JSON.stringify(`${outside}/data.txt`)})
fs.writeFileSync(${JSON.stringify(`${outside}/out/made.txt`)}, '')
execFileSync('true')
if (process.argv[2]) fs.readFileSync('/etc/hostname')
const server = http.createServer((_request, response) => response.end()).listen(Number(PORT), '127.0.0.1', () => {
  http.get({ port: Number(PORT), host: '127.0.0.1', agent: false }, (response) => {
    console.log(response.statusCode, API_TOKEN)
    response.resume()
    server.close()
  })
})
`,
  })
  const port = await freePort()
  const env = { ...process.env, PORT: `${port}`, API_TOKEN: 'x' }
  const traced = await ingot(['trace', '--json', 'main.ts'], { cwd: project, env })
  assert.deepEqual([traced.status, traced.stdout], [0, '200 x\n'], traced.stderr)
  const { contract } = JSON.parse(traced.stderr.trim().split('\n').at(-1)!)
  assert.deepEqual(contract, {
    env: { API_TOKEN: { secret: true }, PORT: 'port' },
    files: { read: [path.join(outside, 'data.txt')], write: [path.join(outside, 'out')] },
    listen: [`127.0.0.1:${port}`],
    connect: [`127.0.0.1:${port}`],
    run: ['true'],
  })

  writeFiles(project, {
    'ingot.config.mjs': `export default ${JSON.stringify({ contract: { ...contract, enforce: true } })}`,
  })
  const { diagnostics } = await ingotBuild(['main.ts', '-o', 'traced'], { cwd: project })
  assert.deepEqual(diagnostics, [])
  const within = await run(path.join(project, 'traced'), [], { env })
  assert.deepEqual([within.status, within.stdout], [0, '200 x\n'], within.stderr)
  const beyond = await run(path.join(project, 'traced'), ['more'], { env })
  assert.match(beyond.stderr, /ERR_ACCESS_DENIED/)

  writeFiles(project, { 'ingot.config.mjs': `export default ${JSON.stringify({ contract })}` })
  const again = await ingot(['trace', '--json', 'main.ts', 'more'], { cwd: project, env })
  const { findings } = JSON.parse(again.stderr.trim().split('\n').at(-1)!)
  assert.deepEqual(
    findings.map(({ code, message, at }: any) => [code, message, at.line]),
    [['CONTRACT_BEYOND', 'the program reads /etc/hostname, which its contract does not have', 8]],
  )
})

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  server.close()
  return port
}
