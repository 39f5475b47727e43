#!/usr/bin/env node
// Starts Ingot from its sources in a clone, from dist/ in a published package. Plain JavaScript that a
// Node too old for Ingot can still run: it is the one file that has to explain that, or to find a newer one.

import { existsSync, readFileSync, realpathSync } from 'node:fs'
import module from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

if (satisfies(process.versions.node, manifest.engines.node)) await run()
else await delegate()

async function run() {
  // In the user's own cache: /tmp belongs to everybody, and what lies there would be run.
  module.enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ingot', 'compile'))
  // Node's warnings are about Ingot's own ways (type stripping, ingot.config.ts without "type").
  if (process.env.INGOT_DEBUG !== '1') process.removeAllListeners('warning')
  const source = join(root, 'src/cli/main.ts')
  const { start } = await import(existsSync(source) ? source : join(root, 'dist/cli.js'))
  await start(manifest.version)
}

/** Runs the same command line with the Node that the clone or the package brings along. */
async function delegate() {
  const own = realpathSync(process.execPath)
  const node = ['node_modules/.bin/node', 'node_modules/node/bin/node']
    .map((path) => join(root, path))
    .find((path) => existsSync(path) && realpathSync(path) !== own)
  if (node === undefined) {
    console.error(`ingot needs Node ${manifest.engines.node}; this is ${process.version}`)
    process.exitCode = 1
    return
  }
  const { spawn } = await import('node:child_process')
  const child = spawn(node, process.argv.slice(1), { stdio: 'inherit' })
  // Waiting here until the child has cleaned up: without a listener the shell's prompt would come first.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => {
    if (signal !== null) process.removeAllListeners(signal)
    if (signal !== null) process.kill(process.pid, signal)
    else process.exitCode = code
  })
}

/** `^22.22.2 || ^24.15.0 || >=26`: the two operators that "engines" uses. */
function satisfies(version, engines) {
  const actual = version.split('.').map(Number)
  return engines.split('||').some((range) => {
    const [, operator, text] = /^\s*(\^|>=)([\d.]+)\s*$/.exec(range)
    const wanted = text.split('.').map(Number)
    const differing = wanted.findIndex((part, index) => part !== actual[index])
    const isNewer = differing === -1 || actual[differing] > wanted[differing]
    return isNewer && (operator === '>=' || actual[0] === wanted[0])
  })
}
