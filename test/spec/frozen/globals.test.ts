// Before it is frozen a program may lock what the build run has put in the place of node's own, keep it, or look at it
// closely: what it sees then, and later, is what plain Node shows it.

import assert from 'node:assert/strict'
import path from 'node:path'
import { suite, test } from 'node:test'

import { ingotBuild, run, runNode } from '../../support/commands.ts'
import { makeProject } from '../../support/project.ts'
import { temporaryDirectory } from '../../support/temporary.ts'
import { skip } from './frozen.fixture.ts'

const ARGUMENTS = ['a', 'b']
const ENV = { A: '1', TZ: 'Asia/Kathmandu' }

/** What follows is said after the thaw. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'with everything frozen': `
const copy = process.argv.slice(2)
const date = new Date(1e12)
for (const one of [Object, Array, Math, JSON, Reflect, Promise, Map, Set, Date, RegExp, Error, Intl, Function, Performance]) {
  Object.freeze(one)
  if (one.prototype) Object.freeze(one.prototype)
}
Object.seal(process)
console.log(copy, date.getHours(), Math.random() < 1, process.argv.length, process.pid > 1)
console.log(Math.abs(performance.timeOrigin + performance.now() - Date.now()) < 50)`,
  'with a failure that is caught': `
const copy = process.argv.slice(2)
Object.freeze(Math)
Object.freeze(Performance.prototype)
try { process.pid } catch {}
console.log(copy, performance.timeOrigin > 1e12)`,
  'with properties that cannot change': `
Object.defineProperty(process, 'stdout', { configurable: false })
Object.defineProperty(process, 'env', { writable: false })
console.log('said', Object.keys(process.env).sort())`,
  'with its variables kept': `
const { isProxy } = require('node:util').types
const kept = process.env
console.log(process.env, isProxy(kept), Object.keys(structuredClone({ ...kept })))
console.log(kept === process.env, kept.A, 'A' in kept)`,
  'with heirs of process': `
const heir = Object.create(process)
heir.argv = ['mine']
console.log(heir.argv, Object.hasOwn(heir, 'argv'), process.argv.length)`,
  'with a function kept': `
const { random } = Math
console.log(/native code/.test(String(random)), random.name, random() < 1)`,
  'with another clock at the thaw': `
const { now } = Date
Date.now = () => 0
const { pid } = process
Date.now = now
console.log(pid > 1, Math.abs(performance.timeOrigin + performance.now() - Date.now()) < 50)`,
  'with many keys': `
const map = new Map(Array.from({ length: 40_000 }, (_, i) => [{ i }, i]))
console.log(process.argv.length, [...map.values()].length)`,
  'with its title read': `
const { readFileSync } = require('node:fs')
const before = process.title.length > 0 && !process.title.includes('iii')
process.title = 'a'
process.title = 'a longer title'
console.log(before, process.title, readFileSync('/proc/self/cmdline', 'latin1').replaceAll('\\0', ''), process.argv.slice(2))`,
  'with its title set': `
const { readFileSync } = require('node:fs')
process.title = 'b'
require('node:fs').writeSync(1, 'here\\n')
console.log(process.title, readFileSync('/proc/self/cmdline', 'latin1').replaceAll('\\0', ''), process.argv.slice(2))`,
  'with its title set, and its arguments asked for': `
const copy = process.argv.slice(2)
process.title = 'c'
console.log(copy, process.argv.length)`,
  'without performance': `
globalThis.performance = { now() {} }
console.log(process.argv.length)`,
  'with a listener to SIGUSR1': `
process.on('SIGUSR1', (signal) => {
  console.log(signal)
  clearTimeout(alive)
})
const alive = setTimeout(console.log, 20_000, 'nothing came')
process.kill(process.pid, 'SIGUSR1')`,
  'in a worker': `
const { Worker } = require('node:worker_threads')
const code = 'const { timeOrigin } = performance; console.log(Math.abs(timeOrigin + performance.now() - Date.now()) < 50, timeOrigin === require("worker_threads").workerData)'
new Worker(code, { eval: true, workerData: performance.timeOrigin })`,
}

suite('a program that is frozen', { skip, concurrency: true }, () => {
  const work = temporaryDirectory()
  for (const [title, source] of Object.entries(PROGRAMS)) {
    test(title, async () => {
      const project = makeProject(work, { 'package.json': {}, 'main.cjs': source })
      const { out, start } = await ingotBuild(['main.cjs', '-o', 'out', '--start', 'frozen'], {
        cwd: project,
      })
      assert.equal(start.kind, 'frozen')
      const options = { cwd: '/', env: ENV }
      const plain = await runNode([path.join(project, 'main.cjs'), ...ARGUMENTS], options)
      assert.deepEqual([plain.status, plain.stderr], [0, ''])
      assert.deepEqual(await run(out, ARGUMENTS, options), plain)
    })
  }
})
