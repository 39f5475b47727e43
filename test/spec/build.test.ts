// What a program may be written in, and what of it reaches the executable. Each program runs in an
// empty root, so nothing of it can come from the machine that built it.

import assert from 'node:assert/strict'

import { ESM, testPrograms, type Program } from '../support/programs.ts'

const programs: readonly Program[] = [
  {
    title: 'enums, namespaces, parameter properties, satisfies, using',
    files: {
      'main.ts': `enum Level { Low = 1, High = Low << 3 }
const enum Inlined { Yes = 'yes' }
namespace Space { export const inner = 'inner' }
class Point { constructor(readonly x: number, protected y = 2) {} sum() { return this.x + this.y } }
{ using resource = { [Symbol.dispose]() { console.log('disposed') } } satisfies Disposable; void resource }
console.log(Level.High, Level[1], Inlined.Yes, Space.inner, new Point(1).sum())
`,
    },
    prints: ['disposed', '8 Low yes inner 3'],
  },
  {
    title: 'decorators with metadata, as tsconfig.json asks',
    files: {
      'tsconfig.json': { compilerOptions: { experimentalDecorators: true, emitDecoratorMetadata: true } },
      'main.ts': `const seen: unknown[] = []
;(Reflect as any).metadata = (key: string, value: any) => () => void seen.push(key, value.name ?? value.map((v: any) => v.name).join())
class Service {}
const mark = (..._: any[]): any => {}
@mark class Controller {
  @mark name!: string
  constructor(_service: Service, _count: number) {}
  @mark run(_when: Date): Promise<boolean> { return Promise.resolve(true) }
}
console.log(seen.join(' '), typeof Controller)
`,
    },
    prints: [
      'design:type String design:returntype Promise design:paramtypes Date design:type Function design:paramtypes Service,Number function',
    ],
  },
  {
    title: 'names of classes and functions, which a bundle does not change',
    flags: ['--bundle'],
    files: {
      'package.json': ESM,
      'main.ts': `import { Same as Other, same as other } from './other.ts'
class Same {}
function same() {}
console.log(Same.name, Other.name, same.name, other.name, new Other().constructor.name)
`,
      'other.ts': 'export class Same {}\nexport function same() {}\n',
    },
    prints: ['Same Same same same Same'],
    check: ({ modules }) => assert.equal(modules.bundled, 2),
  },
  {
    title: 'JSX with a factory, and with an automatic runtime',
    files: {
      'main.tsx': `import './classic.tsx'
import { automatic } from './automatic.tsx'
console.log(JSON.stringify(automatic))
`,
      'classic.tsx': `/** @jsxRuntime classic */
/** @jsx h */
const h = (tag: string, props: object | null, ...children: unknown[]): unknown => [tag, props, children]
console.log(JSON.stringify(<a b="c">d{1}</a>))
`,
      'automatic.tsx': `/** @jsxImportSource tiny */
export const automatic = <p q={1}>r</p>
`,
      'node_modules/tiny/package.json': {
        name: 'tiny',
        version: '1.0.0',
        exports: { './jsx-runtime': './jsx-runtime.js' },
      },
      'node_modules/tiny/jsx-runtime.js': `exports.jsx = exports.jsxs = (type, props) => ({ type, props })\n`,
    },
    prints: ['["a",{"b":"c"},["d",1]]', '{"type":"p","props":{"q":1,"children":"r"}}'],
  },
  {
    title: 'paths of tsconfig.json, its extends, and #imports',
    files: {
      'package.json': { ...ESM, imports: { '#three': './lib/three.ts' } },
      'tsconfig.base.json': { compilerOptions: { paths: { '@lib/*': ['./lib/*'] } } },
      'tsconfig.json': { extends: './tsconfig.base.json', compilerOptions: { module: 'preserve' } },
      'main.ts': `import { one } from '@lib/one'
import { two } from './lib/two.js'
import { three } from '#three'
console.log(one, two, three)
`,
      'lib/one.ts': `export const one = 1\n`,
      'lib/two.ts': `export const two = 2\n`,
      'lib/three.ts': `export const three = 3\n`,
    },
    prints: ['1 2 3'],
  },
  {
    title: '#imports that are modules of node',
    files: {
      'package.json': {
        ...ESM,
        imports: { '#path': 'path', '#os': { node: 'os', default: './os.js' } },
      },
      'main.ts': `import { sep } from '#path'
import { EOL } from '#os'
console.log(sep, EOL === '\\n')
`,
    },
    prints: ['/ true'],
  },
  {
    title: 'ES modules and CommonJS that import each other',
    files: {
      'main.ts': `import cjs, { named } from './a.cjs'
import * as all from './a.cjs'
import { createRequire } from 'node:module'
import dual from 'dual'
const require = createRequire(import.meta.url)
console.log(cjs.own, named, Object.keys(all).sort().join())
console.log(require('./b.mts').default, require('dual'), dual, require('./data.json').n)
`,
      'a.cjs': `exports.own = require('./b.mts').default + '!'; exports.named = typeof require.resolve('./b.mts')\n`,
      'b.mts': `const b: string = 'b'\nexport default b\n`,
      'data.json': '{"n":5}',
      'node_modules/dual/package.json': {
        name: 'dual',
        exports: { import: './index.mjs', require: './index.cjs' },
      },
      'node_modules/dual/index.mjs': `export default 'dual esm'\n`,
      'node_modules/dual/index.cjs': `module.exports = 'dual cjs'\n`,
    },
    prints: ['b! string default,module.exports,named,own', 'b dual cjs dual esm 5'],
  },
  {
    title: 'require made and called at once',
    files: {
      'main.ts': `import { createRequire } from 'node:module'\nconsole.log(createRequire(import.meta.url)('./kept.cjs'))\n`,
      'kept.cjs': `module.exports = 'kept'\n`,
    },
    prints: ['kept'],
  },
  {
    title: 'a CommonJS program in TypeScript',
    files: {
      'package.json': { name: 'program', type: 'commonjs' },
      'main.cts': `import path = require('node:path')
import helper = require('./helper.cts')
console.log(path.basename(__filename), __dirname === path.dirname(__filename), helper(2), require.main === module)
`,
      'helper.cts': `export = (n: number): number => n * 2\n`,
    },
    prints: ['main.cts true 4 true'],
  },
  {
    title: 'top-level await, in a module that others wait for',
    files: {
      'main.ts': `import { value } from './slow.ts'\nconsole.log(value, await Promise.resolve('again'))\n`,
      'slow.ts': `export const value = await new Promise<string>((resolve) => setTimeout(resolve, 5, 'waited'))\n`,
    },
    prints: ['waited again'],
  },
  {
    title: 'import attributes: text, bytes, json',
    files: {
      'main.ts': `import text from './note.txt' with { type: 'text' }
import page from './page.html' with { type: 'text' }
import bytes from './blob.bin' with { type: 'bytes' }
import data, { } from './data.json' with { type: 'json' }
import other from './other.conf' with { type: 'text' }
const late = await import('./data.json', { with: { type: 'json' } })
console.log(JSON.stringify(text), page.length, bytes instanceof Uint8Array, [...bytes].join(), data.a.length, other.trim(), late.default.a)
`,
      'note.txt': 'ça\n',
      'page.html': '<p>',
      'blob.bin': Uint8Array.of(0, 255, 128, 10),
      'data.json': { a: [1, 2, 3] },
      'other.conf': 'x=1\n',
    },
    prints: ['"ça\\n" 3 true 0,255,128,10 3 x=1 [ 1, 2, 3 ]'],
  },
  {
    title: 'import.meta, everywhere the same',
    files: {
      'main.ts': `import { meta } from './lib/meta.ts'
import { fileURLToPath } from 'node:url'
console.log(import.meta.main, meta.main, import.meta.filename === fileURLToPath(import.meta.url))
console.log(meta.url.endsWith('/lib/meta.ts'), meta.dirname.endsWith('/lib'), meta.resolved.endsWith('/main.ts'))
console.log(process.argv[1] === import.meta.filename, process.argv.slice(2).join())
`,
      'lib/meta.ts': `const { url, dirname, filename, main } = import.meta
export const meta = { url, dirname, filename, main, resolved: import.meta.resolve('../main.ts') }
`,
    },
    args: ['a', '--b'],
    prints: ['true false true', 'true true true', 'true a,--b'],
  },
  {
    title: 'dynamic imports: by name, by a constant, by template',
    files: {
      'main.ts': `const CONSTANT = './lib/constant.ts'
console.log((await import('./lib/literal.ts')).default, (await import(CONSTANT)).default)
for (const name of process.argv.slice(2)) console.log((await import(\`./plugins/\${name}.ts\`)).default)
await import(\`./plugins/none-\${process.argv.length}.ts\`).catch((error) => console.log(error.code))
`,
      'lib/literal.ts': `export default 'literal'\n`,
      'lib/constant.ts': `export default 'constant'\n`,
      'plugins/one.ts': `export default 'plugin one'\n`,
      'plugins/two.ts': `import one from './one.ts'\nexport default one + ' and two'\n`,
    },
    args: ['one', 'two'],
    prints: ['literal constant', 'plugin one', 'plugin one and two', 'ERR_MODULE_NOT_FOUND'],
  },
  {
    title: 'a dynamic import that nobody can enumerate, with and without include',
    files: {
      'main.ts': `const name = process.argv[2] ?? 'none'\nawait import(name).then((m) => console.log(m.default), (e) => console.log(e.code))\n`,
      'plugins/p.ts': `export default 'p'\n`,
    },
    args: ['./plugins/p.ts'],
    prints: ['ERR_MODULE_NOT_FOUND'],
    diagnostics: ['DYNAMIC_IMPORT'],
    check: ({ diagnostics: [first] }) => {
      assert.deepEqual([first?.severity, first?.at?.line, first?.at?.column], ['warning', 2, 7])
      assert.match(first?.help ?? '', /include/)
    },
  },
  {
    title: 'the same with include',
    files: {
      'main.ts': `const name = process.argv[2] ?? 'none'\nawait import(name).then((m) => console.log(m.default), (e) => console.log(e.code))\n`,
      'plugins/p.ts': `export default 'p'\n`,
    },
    flags: ['--include', 'plugins/**'],
    args: ['./plugins/p.ts'],
    prints: ['p'],
    diagnostics: ['DYNAMIC_IMPORT'],
    check: ({ diagnostics: [first] }) => assert.equal(first?.severity, 'info'),
  },
  {
    title: 'what is only included may be wrong on purpose: templates, fixtures',
    files: {
      'main.ts': `import { readFileSync } from 'node:fs'
console.log(readFileSync(new URL(process.argv[2]!, import.meta.url), 'utf8').trim())
await import(process.argv[3]!).catch((e) => console.log(e.code))
`,
      'template/app.js': `import './view.js'
`,
      'template/view.js': `import 'left-pad'
import 'file://host/x.js'
`,
      'template/broken.js': `const = 1
`,
      'node_modules/single.js': `module.exports = require(process.argv[9] ?? './other.js')
`,
      'template/single.cjs': `require('single')
`,
    },
    flags: ['--include', 'template/**'],
    args: ['./template/app.js', './template/view.js'],
    prints: [`import './view.js'`, 'ERR_MODULE_NOT_FOUND'],
    diagnostics: ['DYNAMIC_IMPORT', 'SYNTAX_ERROR', 'UNRESOLVED_IMPORT', 'UNRESOLVED_IMPORT'],
  },
  {
    title: 'assets by URL, by path, by directory, by pattern, by include',
    files: {
      'main.ts': `import { readFileSync, readdirSync, existsSync, createReadStream } from 'node:fs'
import { readFile, opendir } from 'node:fs/promises'
import path from 'node:path'
import { text } from 'node:stream/consumers'
console.log(readFileSync(new URL('./a.txt', import.meta.url), 'utf8'))
console.log(await readFile(path.join(import.meta.dirname, 'dir', 'b.txt'), 'utf8'))
console.log(readdirSync(new URL('./tree/', import.meta.url), { recursive: true }).sort().join())
const names = []
for await (const entry of await opendir(path.join(import.meta.dirname, 'tree'))) names.push(entry.name)
console.log(names.sort().join())
const language = process.argv[2]
console.log(await text(createReadStream(path.join(import.meta.dirname, \`locales/\${language}.json\`))))
const here = (name: string) => path.resolve(import.meta.dirname, name)
for (const name of process.argv[3]!.split(',')) console.log(name, existsSync(here(name)))
`,
      'a.txt': 'by url',
      'dir/b.txt': 'by path',
      'tree/x': 'x',
      'tree/sub/y': 'y',
      'locales/de.json': '{"hi":"hallo"}',
      'locales/en.json': '{"hi":"hello"}',
      'inc/file.txt': '1',
      'inc/dir/x': '2',
      'inc/glob/y.yes': '3',
      'inc/glob/n.no': '4',
      secret: 'not asked for',
    },
    flags: ['--include', 'inc/file.txt', '--include', 'inc/dir', '--include', 'inc/**/*.yes'],
    args: ['de', 'inc/file.txt,inc/dir/x,inc/glob/y.yes,inc/glob/n.no,secret'],
    prints: [
      'by url',
      'by path',
      'sub,sub/y,x',
      'sub,x',
      '{"hi":"hallo"}',
      'inc/file.txt true',
      'inc/dir/x true',
      'inc/glob/y.yes true',
      'inc/glob/n.no false',
      'secret false',
    ],
  },
  {
    title: 'define',
    files: {
      'main.ts': `declare const VERSION: string
console.log(VERSION, process.env.NODE_ENV, process.env.NODE_ENV === 'production' ? 'yes' : 'no')
`,
    },
    flags: ['--define', 'VERSION="1.2.3"', '--define', 'process.env.NODE_ENV="production"'],
    prints: ['1.2.3 production yes'],
  },
  {
    title: 'external',
    files: {
      'main.ts': `await import('fancy').then(() => console.log('there'), (error) => console.log(error.code))\n`,
      'node_modules/fancy/package.json': { name: 'fancy', main: 'index.js' },
      'node_modules/fancy/index.js': '',
    },
    flags: ['--external', 'fancy'],
    prints: ['ERR_MODULE_NOT_FOUND'],
    check: ({ modules }) => assert.deepEqual(modules.external, ['fancy']),
  },
  {
    title: 'a package’s program, which has no extension, and asks for a cache on the disk',
    files: {
      'main.js': `import './node_modules/tool/bin/tool'
`,
      'node_modules/tool/package.json': { name: 'tool' },
      'node_modules/tool/bin/tool': `#!/usr/bin/env node
require('../lib/tool.js')
`,
      'node_modules/tool/lib/tool.js': `console.log(require('node:module').enableCompileCache('/tmp/x').status)
`,
    },
    prints: ['3'],
  },
  {
    title: 'minify',
    files: {
      'main.ts': `import { long } from './long.ts'\nconst aVeryLongNameIndeed = long(process.argv.length)\nconsole.log(aVeryLongNameIndeed)\n`,
      'long.ts': `/* ${'a comment '.repeat(500)} */\nexport function long(someArgument: number) { return someArgument + 40 }\n`,
    },
    flags: ['--minify'],
    prints: ['42'],
    check: ({ parts }) => assert.ok(parts.code < 2000, String(parts.code)),
  },
]

testPrograms('programs', programs)
