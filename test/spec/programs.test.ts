// Programs that other tools build, and that work with plain Node.

import { testPrograms } from '../support/programs.ts'

testPrograms('programs of all kinds', [
  {
    title: 'what a package reads of itself, whatever it looks like, and what it makes projects of',
    files: {
      'main.ts': `import { help, prose, template } from 'kit'
console.log(help)
console.log(prose)
console.log(template.join())
`,
      'node_modules/kit/package.json': { name: 'kit', type: 'module', main: 'index.js' },
      'node_modules/kit/README.md': 'about the kit',
      'node_modules/kit/docs/more.txt': 'not read',
      'node_modules/kit/HELP.md': 'help',
      'node_modules/kit/lib/texts/prose.md': 'prose',
      'node_modules/kit/template-ts/README.md': '',
      'node_modules/kit/template-ts/docs/Makefile': '',
      'node_modules/kit/template-ts/src/env.d.ts': '',
      'node_modules/kit/index.js': `import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
const here = new URL('.', import.meta.url)
export const help = readFileSync(new URL('./HELP.md', import.meta.url), 'utf8')
export const prose = readFileSync(new URL(['lib', 'texts', 'prose.md'].join('/'), here), 'utf8')
export const template = readdirSync(new URL('template-ts', here), { recursive: true }).sort()
`,
    },
    prints: ['help', 'prose', 'README.md,docs,docs/Makefile,src,src/env.d.ts'],
  },
  {
    title: 'CommonJS that returns before its end',
    files: {
      'main.js': `console.log(new.target, this === module.exports)\nif (this) return\nconsole.log('not')\n`,
      'package.json': {},
    },
    prints: ['undefined true'],
  },
  {
    title: 'a module only because it waits in a loop',
    files: {
      'main.js': `for await (const one of [1, 2]) console.log(one)\n`,
      'package.json': {},
    },
    prints: ['1', '2'],
  },
  {
    title: 'TypeScript that imports nothing but types is CommonJS',
    files: {
      'main.ts': `import type { Stats } from 'node:fs'
export interface Shape { size: number }
const stats: Pick<Stats, 'size'> & Shape = { size: 1 }
console.log(stats.size, typeof require, this === module.exports)
`,
      'package.json': {},
    },
    prints: ['1 function true'],
  },
  {
    title: "names that are imported of node's modules are what the modules have",
    files: {
      'main.mjs': `import { cwd } from 'node:process'
for (const id of ['process', 'fs', 'fs/promises', 'child_process', 'os', 'module', 'path', 'worker_threads', 'url', 'vm', 'crypto']) {
  const { default: all, ...names } = await import('node:' + id)
  for (const name of Object.keys(names))
    if (name !== 'module.exports' && !Object.is(names[name], all[name])) console.log(id, name)
}
console.log(cwd())
`,
    },
    prints: ['/'],
  },
  {
    title: 'types and values in one import, in a module that stays a file',
    files: {
      'main.ts': `import { value, Shape } from './values.ts'
const shape: Shape = { size: value }
console.log(shape.size, (await import('./' + ['more', 'ts'].join('.'))).more)
`,
      'values.ts': `export interface Shape { size: number }
export const value = 1
`,
      'more.ts': `import { Shape, value } from './values.ts'
interface Local { size: number }
export const more: Shape & Local = { size: value }
export { Local }
`,
    },
    flags: ['--no-bundle'],
    prints: ['1 { size: 1 }'],
  },
  ...[['--bundle'], ['--no-bundle']].map((flags) => ({
    title: `JSON that TypeScript imports as it likes, ${flags.join()}`,
    files: {
      'main.ts': `import data from './data.json'
import all, { version, 'with-dash' as dash } from './data.json'
import * as space from './data.json'
import {
  version as again,
} from './data.json'
console.log(data.version, all === data, version, dash, space.version, again)
`,
      'data.json': { version: '1', 'with-dash': 2 },
    },
    flags,
    prints: ['1 true 1 2 1 1'],
  })),
  {
    title: 'fields of classes that are assigned',
    files: {
      'tsconfig.json': { compilerOptions: { useDefineForClassFields: false } },
      'main.ts': `class Base { set value(value: number) { console.log('set', value) } }
class Derived extends Base { value = 3; unset?: number }
console.log(Object.keys(new Derived()))
`,
    },
    prints: ['set 3', '[]'],
  },
  {
    title: 'a worker that preloads an embedded module',
    files: {
      'main.mjs': `import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
const preload = new URL('./preload.cjs', import.meta.url).pathname
for (const execArgv of [['-r', preload], ['--no-warnings', '--require=' + preload], []])
  console.log(...(await once(new Worker(new URL('./worker.cjs', import.meta.url), { execArgv }), 'message')))
`,
      'preload.cjs': 'globalThis.preloaded = true\n',
      'worker.cjs': `require('node:worker_threads').parentPort.postMessage([globalThis.preloaded, process.execArgv.length].join())\n`,
    },
    prints: ['true,2', 'true,2', ',0'],
  },
  {
    title: 'children with variables from files',
    files: {
      'main.mjs': `import { spawnSync } from 'node:child_process'
const at = (name) => new URL(name, import.meta.url).pathname
const child = (...options) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...options, at('child.cjs')], { env: { GIVEN: 'given' } })
  console.log(status, (String(stdout) + stderr).trim().split(': ').slice(-2).join())
}
child('--env-file=' + at('one.env'), '--env-file', at('two.env'), '--env-file-if-exists=/none')
child('--env-file=/none')
`,
      'one.env': 'GIVEN=one\nFIRST=one\nBOTH=one\n',
      'two.env': 'BOTH=two\n',
      'child.cjs': 'const { GIVEN, FIRST, BOTH } = process.env\nconsole.log(GIVEN, FIRST, BOTH)\n',
    },
    prints: ['0 given one two', '/none not found. Continuing without it.', '9 /none,not found'],
  },
  {
    title: 'no single executable application of node',
    files: {
      'main.mjs': `import sea from 'node:sea'
try { sea.getAsset('payload') } catch ({ code }) { console.log(sea.isSea(), code) }
`,
    },
    prints: ['false ERR_NOT_IN_SINGLE_EXECUTABLE_APPLICATION'],
  },
  {
    title: 'how much memory it has, without /proc',
    files: {
      'main.ts': `const { rss, arrayBuffers } = process.memoryUsage()
console.log(rss > 1e6, process.memoryUsage.rss() > 1e6, arrayBuffers >= 0, process.memoryUsage.rss() < 1e9)
`,
    },
    prints: ['true true true true'],
  },
])
