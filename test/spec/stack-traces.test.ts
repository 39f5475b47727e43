// Errors name the TypeScript file and line, as kept files and as a bundle.

import assert from 'node:assert/strict'
import path from 'node:path'
import { suite, test } from 'node:test'

import { ingotBuild, runNode } from '../support/commands.ts'
import { runInEmptyRoot } from '../support/empty-root.ts'
import { makeProject } from '../support/project.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { START } from '../support/thorough.ts'

const ROOT = '/dev/null/app'
const work = temporaryDirectory()

const FILES = {
  'package.json': { name: 'program', type: 'module' },
  'main.ts': `import { outer } from './lib/thrower.ts'

interface Padding {
  readonly a: number
}

outer({ a: 1 } satisfies Padding)
`,
  'lib/thrower.ts': `type Unused = { a: number }

export function outer(value: Unused): never {
  return inner(value.a)
}

function inner(number: number): never {
  throw new Error(\`number \${number}\`)
}
`,
}

const ADDON = {
  'package.json': { name: 'program', type: 'module' },
  'main.ts': `process.dlopen({ exports: {} }, '/none/addon.node')\n`,
}

// A minifier joins statements: it knows the line, not always the column.
const EXPECTED = [
  /inner \(.*lib\/thrower\.ts:8:(?:9|13)\)/,
  /outer \(.*lib\/thrower\.ts:4:10\)/,
  /main\.ts:7:1\b/,
]

suite('an error that nobody catches', () => {
  for (const flags of [[], ['--bundle'], ['--minify', '--sourcemap']]) {
    test(['names TypeScript lines', ...flags].join(' '), async () => {
      const project = makeProject(work, FILES)
      const { out } = await ingotBuild([...START, 'main.ts', '-o', 'out', ...flags], { cwd: project })
      const { status, stderr } = await runInEmptyRoot(out)
      assert.equal(status, 1)
      assert.match(stderr, /Error: number 1\n/)
      for (const line of EXPECTED) assert.match(stderr, line)
      assert.match(stderr, /\/lib\/thrower\.ts:8\n {2}throw new Error/, 'shows the source')
      assert.doesNotMatch(stderr, new RegExp(project), 'does not tell where it was built')
    })
  }

  for (const [title, files] of [
    ['', FILES],
    [', of an addon that cannot be loaded', ADDON],
  ] as const) {
    test(`is told in the words of plain Node${title}`, async () => {
      const project = makeProject(work, files)
      const runtime = `node@${process.versions.node}`
      const { out } = await ingotBuild([...START, 'main.ts', '-o', 'out', '--runtime', runtime], {
        cwd: project,
      })
      const [actual, reference] = await Promise.all([
        runInEmptyRoot(out),
        runNode([path.join(project, 'main.ts')]),
      ])
      const placeless = (text: string, root: string) =>
        text.replaceAll(root, '').replace(/^ +at .*\bnode:internal\/.*\n/gm, '')
      // Of what a function in place of a native one throws, node cannot show the line.
      const lineless = (text: string) => (files === ADDON ? text.replace(/^file:.*\n.*\n *\^\n/, '') : text)
      assert.equal(
        placeless(actual.stderr, ROOT).trim(),
        placeless(lineless(reference.stderr), project).trim(),
      )
    })
  }
})

test('TypeScript that needs more than its types erased keeps its lines', async () => {
  const project = makeProject(work, {
    'package.json': { name: 'program', type: 'module' },
    'main.ts': `enum Kind {
  One = 1,
  Two,
}

class Thing {
  constructor(readonly kind: Kind) {}

  fail(): never {
    throw new TypeError(Kind[this.kind])
  }
}

try {
  new Thing(Kind.Two).fail()
} catch (error) {
  console.log((error as Error).stack)
}
`,
  })
  const { out } = await ingotBuild([...START, 'main.ts', '-o', 'out'], { cwd: project })
  const { stdout } = await runInEmptyRoot(out)
  assert.match(stdout, /^TypeError: Two\n/)
  assert.match(stdout, /fail \(.*main\.ts:10:11\)\n/)
  assert.match(stdout, /main\.ts:15:23/)
})
