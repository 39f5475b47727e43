// TypeScript's compiler, prettier and eslint as executables: in a root that holds nothing but the
// project that they work on, they say and write byte for byte what they do under plain Node.

import assert from 'node:assert/strict'
import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { ingotBuild, runNode } from '../support/commands.ts'
import { runInEmptyRoot, type Outcome } from '../support/empty-root.ts'
import { readFiles, writeFiles, type Files } from '../support/files.ts'
import { installed } from '../support/installed.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { THOROUGH } from '../support/thorough.ts'

// tsc and prettier would write a compile cache into the temporary directory.
const ENV = { NODE_DISABLE_COMPILE_CACHE: '1' }

interface Work {
  readonly title: string
  readonly files: Files
  readonly args: readonly string[]
  readonly input?: string
  /** Packages that the project has in its own node_modules. */
  readonly packages?: readonly string[]
}

const typescriptProject: Files = {
  'tsconfig.json': {
    compilerOptions: {
      target: 'es2022',
      module: 'nodenext',
      strict: true,
      declaration: true,
      sourceMap: true,
      outDir: 'out',
      rootDir: 'src',
      lib: ['es2023', 'dom'],
      types: [],
    },
    include: ['src'],
  },
  'package.json': { name: 'project', type: 'module' },
  'src/shape.ts': `export interface Shape { readonly area: number }
export class Circle implements Shape {
  constructor(readonly radius: number) {}
  get area(): number { return Math.PI * this.radius ** 2 }
}
export enum Colour { Red, Green = 'green'.length }
`,
  'src/main.ts': `import { Circle, Colour, type Shape } from './shape.js'
const shapes: Shape[] = [new Circle(1), new Circle(2)]
export const total = shapes.map((shape) => shape.area).reduce((a, b) => a + b, 0)
export const title = document.title + Colour.Red + structuredClone(total)
`,
}

const brokenProject: Files = {
  ...typescriptProject,
  'src/broken.ts': `import { Circle } from './shape.js'
const radius: string = new Circle('1').radius
export function open<T extends { name: string }>(value: T): Promise<T> {
  return value.nme
}
`,
}

const prettierProject: Files = {
  '.prettierrc': {
    semi: false,
    singleQuote: true,
    overrides: [{ files: '*.md', options: { proseWrap: 'always', printWidth: 40 } }],
  },
  '.editorconfig': 'root = true\n[*]\nindent_style = space\nindent_size = 4\n',
  '.prettierignore': 'ignored.js\n',
  'ignored.js': 'const   x=1',
  'a.ts':
    'export abstract class A<T extends object=  {}>{ @dec() private x?:T; async *f(  ){ yield* [1,2 ,3] } }\n',
  'b.jsx': 'export const B=()=><div className="x" {...props}>{ list.map(i=><i key={i}>{i}</i>) }</div>\n',
  'c.css': 'a{color:red;background:URL(x.png)}@media (max-width:1px){b{c:d}}\n',
  'd.json': '{"b":[1,2,3],"a":{"x":null}}',
  'e.md':
    '# Title\n* one\n* two\n\n```js\nlet   a=1\n```\n| a | b |\n|--|--|\n| long cell | x |\n\nA paragraph that is longer than forty characters.\n',
  'f.yaml': 'a:   1\nb:\n    - x\n    -   y\n',
  'g.html':
    '<!doctype html><html><head><style>a{b:c}</style><script>let a=1</script></head><body><p>x<b>y</b></p></body></html>\n',
  'h.vue': '<template><div :a="b+c">x</div></template>\n<script setup lang="ts">const a:number=1</script>\n',
  'i.graphql': 'query Q($a:Int){b(c:$a){d}}\n',
  'j.scss': '$a:1px;.b{&:hover{c:$a+2}}\n',
}

const eslintProject: Files = {
  'package.json': { name: 'project', type: 'module' },
  'eslint.config.js': `import js from '@eslint/js'
import local from './rules/local.js'
export default [
  js.configs.recommended,
  { ignores: ['skipped/**'] },
  { plugins: { local }, rules: { 'local/no-foo': 'warn', 'prefer-const': 'error', quotes: ['error', 'single'] } },
]
`,
  'rules/local.js': `export default { rules: { 'no-foo': {
  meta: { type: 'problem', messages: { foo: 'no foo here' }, schema: [] },
  create: (context) => ({ Identifier(node) { if (node.name === 'foo') context.report({ node, messageId: 'foo' }) } }),
} } }
`,
  'src/good.js': `export const one = 1\n`,
  'src/bad.js': `let foo = "double"\nif (foo = 1) { }\nexport default undefinedName\nvar unused\n`,
  'src/syntax.js': `export const = 3\n`,
  'skipped/x.js': 'let let let',
}

const tools: Readonly<Record<string, { bin: string; works: readonly Work[] }>> = {
  tsc: {
    bin: 'node_modules/typescript/lib/tsc.js',
    works: [
      {
        title: 'compiles with declarations and source maps',
        files: typescriptProject,
        args: ['-p', '.', '--listEmittedFiles'],
      },
      { title: 'reports errors, prettily', files: brokenProject, args: ['--noEmit', '--pretty'] },
      {
        title: 'builds incrementally',
        files: brokenProject,
        args: ['--incremental', '--tsBuildInfoFile', 'info.json', '--listFiles'],
      },
      { title: 'speaks German', files: brokenProject, args: ['--noEmit', '--locale', 'de'] },
      { title: 'shows its configuration', files: typescriptProject, args: ['--showConfig'] },
      { title: 'helps', files: {}, args: ['--all'] },
      { title: 'tells its version', files: {}, args: ['--version'] },
      { title: 'misses a project', files: {}, args: ['-p', 'nowhere'] },
    ],
  },
  prettier: {
    bin: 'node_modules/prettier/bin/prettier.cjs',
    works: [
      {
        title: 'rewrites every language',
        files: prettierProject,
        args: ['--write', '.', '--log-level', 'warn'],
      },
      { title: 'checks', files: prettierProject, args: ['--check', '.'] },
      {
        title: 'formats standard input',
        files: prettierProject,
        args: ['--stdin-filepath', 'x/y.ts'],
        input: 'let  a:number=1;',
      },
      { title: 'reports a syntax error', files: { 'x.ts': 'let = = 1\n' }, args: ['x.ts'] },
      { title: 'finds a configuration', files: prettierProject, args: ['--find-config-path', 'a.ts'] },
      { title: 'knows its options and languages', files: {}, args: ['--support-info'] },
      {
        title: 'loads a plugin and a configuration of the project',
        files: {
          'prettier.config.mjs': `export default { plugins: ['./plugin.mjs'], semi: false }\n`,
          'plugin.mjs': `export const languages = [{ name: 'shout', parsers: ['shout'], extensions: ['.shout'] }]
export const parsers = { shout: { parse: (text) => ({ text }), astFormat: 'shout', locStart: () => 0, locEnd: (n) => n.text.length } }
export const printers = { shout: { print: (path) => path.node.text.toUpperCase() } }
`,
          'x.shout': 'hello\n',
          'x.js': 'a();\n',
        },
        args: ['x.shout', 'x.js'],
      },
      { title: 'misses a file', files: {}, args: ['none.js'] },
    ],
  },
  eslint: {
    bin: 'node_modules/eslint/bin/eslint.js',
    works: [
      { title: 'lints with a flat config', files: eslintProject, packages: ['@eslint/js'], args: ['.'] },
      { title: 'fixes', files: eslintProject, packages: ['@eslint/js'], args: ['--fix', 'src'] },
      {
        title: 'prints JSON',
        files: eslintProject,
        packages: ['@eslint/js'],
        args: ['-f', 'json', 'src/bad.js'],
      },
      {
        title: 'writes a report',
        files: eslintProject,
        packages: ['@eslint/js'],
        args: ['src', '-f', 'json', '-o', 'out/report.json'],
      },
      {
        title: 'lints standard input',
        files: eslintProject,
        packages: ['@eslint/js'],
        args: ['--stdin', '--stdin-filename', 'src/x.js'],
        input: 'foo()\n',
      },
      {
        title: 'shows a configuration',
        files: eslintProject,
        packages: ['@eslint/js'],
        args: ['--print-config', 'src/x.js'],
      },
      { title: 'misses a configuration', files: { 'x.js': '1\n' }, args: ['x.js'] },
      { title: 'does not know an option', files: {}, args: ['--nope'] },
    ],
  },
}

const packages = await installed(fileURLToPath(new URL('../fixtures/tools', import.meta.url)))
const directory = temporaryDirectory()

for (const [name, { bin, works }] of Object.entries(tools)) {
  suite(name, async () => {
    const out = path.join(directory, name)
    const main = path.join(packages, bin)
    await ingotBuild([`${name}=${main}`, '-o', out], { cwd: directory })

    for (const work of THOROUGH ? works : works.slice(0, 1)) {
      test(`${work.title}: ${name} ${work.args.join(' ')}`, async () => {
        const { args, input } = work
        const project = path.join(directory, 'project')
        const given = { input: input ?? '', env: ENV, cwd: project }
        const reference = await working(work, project, () => runNode([main, ...args], given))
        // As nobody it could not write into the project.
        const actual = await working(work, project, () =>
          runInEmptyRoot(out, { ...given, args, binds: [project], uid: null }),
        )
        assert.deepEqual(actual, reference)
      })
    }
  })
}

/** Runs a tool on a new copy of its project, always in the same place, because tools print absolute paths. */
async function working({ files, packages: names = [] }: Work, project: string, tool: () => Promise<Outcome>) {
  rmSync(project, { recursive: true, force: true })
  mkdirSync(project)
  writeFiles(project, files)
  for (const name of names) {
    writeFiles(path.join(project, 'node_modules', name), readFiles(path.join(packages, 'node_modules', name)))
  }
  const { status, signal, stdout, stderr } = await tool()
  return {
    status,
    signal,
    stdout: placeless(stdout),
    stderr,
    files: mapValues(readFiles(project), placeless),
  }
}

/** Where tsc's own declarations lie is the one thing that differs: inside the executable. */
function placeless(text: string): string {
  return text.replace(/[^"'\s]*\/lib\/(lib\.[\w.]+\.d\.ts)/g, '<tsc>/$1')
}

function mapValues<T, U>(values: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]))
}
