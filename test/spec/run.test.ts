// `ingot run`: the program of the sources as they are now, built only if they are not as they were, in this very
// process. Once through bin/ingot.mjs, and once through an Ingot that is an executable of its own making.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'

import { ownCache } from '../support/cache.ts'
import { INGOT, ingotBuild, run, runNode } from '../support/commands.ts'
import { outcomeOf, printed } from '../support/empty-root.ts'
import { writeFiles } from '../support/files.ts'
import { nativeIngot } from '../support/native-ingot.ts'
import { makeProject } from '../support/project.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { THOROUGH } from '../support/thorough.ts'

/** Says what it is made of, and which executable says it. */
const FILES = {
  'package.json': { name: 'app', type: 'module', dependencies: { dep: '1' } },
  'tsconfig.json':
    '{ // comments are allowed\n "compilerOptions": { "paths": { "@/*": ["./gen/*", "./lib/*"] } }, }',
  'ingot.config.mjs':
    "import { name } from './name.mjs'\nexport default { define: { NAME: JSON.stringify(name + process.env.FLAVOUR) }, include: ['texts/*.txt'] }",
  'name.mjs': "export const name = 'n1'",
  'src/main.ts': [
    "import { readdirSync, readFileSync } from 'node:fs'",
    "import { a } from './a.js'",
    "import { b } from '@/b'",
    "import dep from 'dep'",
    "import { shared } from '../linked/shared.ts'",
    'declare const NAME: string',
    "const texts = new URL('../texts/', import.meta.url)",
    "const text = readdirSync(texts).map((name) => readFileSync(new URL(name, texts), 'utf8')).join('')",
    "console.log([NAME, a, b, dep, shared, text, process.argv.slice(2).join()].join(' '))",
    'console.error(process.execPath)',
  ].join('\n'),
  'src/a.ts': "export const a: string = 'a1'",
  'lib/b.ts': "export const b = 'b1'",
  'v1/shared.ts': "export const shared = 's1'",
  'v2/shared.ts': "export const shared = 's2'",
  'texts/x.txt': 'x1',
  'node_modules/dep/package.json': { name: 'dep', main: 'index.js' },
  'node_modules/dep/index.js': "module.exports = 'd1'",
}
/** An input that changed within the same tick of the clock as the build began may change again, unseen: it is built again. */
const LONGER_THAN_A_TICK_MS = 40
const FIRST = 'n1undefined a1 b1 d1 s1 x1'

/** What is done to the project, one after the other, and what the program says from then on. */
const CHANGES: readonly [what: string, change: (project: string) => void, says: string][] = [
  ['an edited module', put('src/a.ts', "export const a: string = 'a2'"), 'n1undefined a2 b1 d1 s1 x1'],
  [
    'an edit of the same size',
    put('src/a.ts', "export const a: string = 'a3'"),
    'n1undefined a3 b1 d1 s1 x1',
  ],
  ['a module that shadows another', put('src/a.js', "export const a = 'a4'"), 'n1undefined a4 b1 d1 s1 x1'],
  ['that module removed', (project) => rmSync(path.join(project, 'src/a.js')), 'n1undefined a3 b1 d1 s1 x1'],
  ['a place that paths prefer', put('gen/b.ts', "export const b = 'b2'"), 'n1undefined a3 b2 d1 s1 x1'],
  [
    'other paths',
    put('tsconfig.json', '{ "compilerOptions": { "paths": { "@/*": ["./lib/*"] } } }'),
    'n1undefined a3 b1 d1 s1 x1',
  ],
  ['an edited asset', put('texts/x.txt', 'x2'), 'n1undefined a3 b1 d1 s1 x2'],
  ['an asset more', put('texts/y.txt', 'y1'), 'n1undefined a3 b1 d1 s1 x2y1'],
  [
    'what the configuration imports',
    put('name.mjs', "export const name = 'n2'"),
    'n2undefined a3 b1 d1 s1 x2y1',
  ],
  [
    'an edited package',
    put('node_modules/dep/index.js', "module.exports = 'd2'"),
    'n2undefined a3 b1 d2 s1 x2y1',
  ],
  [
    'another main of a package',
    (project) => {
      put('node_modules/dep/new.js', "module.exports = 'd3'")(project)
      put('node_modules/dep/package.json', '{ "name": "dep", "main": "new.js" }')(project)
    },
    'n2undefined a3 b1 d3 s1 x2y1',
  ],
  [
    'a package nearer to its importer',
    put('src/node_modules/dep/index.js', "module.exports = 'd4'"),
    'n2undefined a3 b1 d4 s1 x2y1',
  ],
  [
    'a link that leads elsewhere',
    (project) => {
      rmSync(path.join(project, 'linked'))
      symlinkSync('v2', path.join(project, 'linked'))
    },
    'n2undefined a3 b1 d4 s2 x2y1',
  ],
  [
    'a configuration that comes before the other',
    put('ingot.config.ts', 'export default { define: { NAME: \'"n3"\' } }'),
    'n3 a3 b1 d4 s2 x2y1',
  ],
  [
    'a directory replaced',
    (project) => {
      renameSync(path.join(project, 'src'), path.join(project, 'old'))
      writeFiles(project, { ...only('src/'), 'src/a.ts': "export const a = 'a5'" })
    },
    'n3 a5 b1 d3 s2 x2y1',
  ],
]

function put(name: string, content: string): (project: string) => void {
  return (project) => void writeFiles(project, { [name]: content })
}

function only(prefix: string) {
  return Object.fromEntries(Object.entries(FILES).filter(([name]) => name.startsWith(prefix)))
}

interface Command {
  readonly file: string
  readonly args: readonly string[]
}

suite('ingot run', () => {
  const directory = temporaryDirectory()
  const native = path.join(directory, 'ingot')
  const commands: Record<string, Command> = {
    'bin/ingot.mjs': { file: process.execPath, args: [INGOT] },
    ...(THOROUGH && { 'ingot as an executable': { file: native, args: [] } }),
  }
  let env: NodeJS.ProcessEnv
  let root: string

  before(async () => {
    ;({ env, root } = await ownCache(directory))
    if (THOROUGH) await nativeIngot(directory, env)
  })

  for (const [name, { file, args }] of Object.entries(commands)) {
    suite(name, () => {
      const start = (words: readonly string[], cwd: string, extra = {}) =>
        run(file, [...args, 'run', ...words], { cwd, env: { ...env, ...extra } })
      /** Where it is the builds that are tested. */
      const quickly = (words: readonly string[], cwd: string, extra = {}) =>
        start(['--start', 'cold', ...words], cwd, extra)

      test('a change of any input leads to another program, and nothing else does', async () => {
        const project = makeProject(directory, FILES)
        symlinkSync('v1', path.join(project, 'linked'))
        /** What it says, and the executable that said it: warnings of the build come before. */
        const says = async (extra = {}) => {
          const { status, stdout, stderr } = await start(
            ['--start', 'cold', 'src/main.ts', 'x', 'y'],
            project,
            extra,
          )
          assert.equal(status, 0, stderr)
          return [stdout.trimEnd(), stderr.trimEnd().split('\n').at(-1)!] as const
        }
        await delay(LONGER_THAN_A_TICK_MS)
        let [, executable] = await says()
        assert.deepEqual(await says(), [`${FIRST} x,y`, executable])
        for (const [what, change, text] of THOROUGH ? CHANGES : CHANGES.slice(0, 4)) {
          change(project)
          await delay(LONGER_THAN_A_TICK_MS)
          const [stdout, rebuilt] = await says()
          assert.equal(stdout, `${text} x,y`, what)
          assert.notEqual(rebuilt, executable, what)
          assert.deepEqual(await says(), [stdout, rebuilt], `${what}: once is enough`)
          executable = rebuilt
        }
        writeFiles(project, { 'src/output.log': '', 'data/x.ts': '' })
        assert.equal((await says())[1], executable, 'what no build looks at')
      })

      test('a variable that the configuration reads', async () => {
        const project = makeProject(directory, {
          'main.mjs': 'console.log(NAME, process.execPath)',
          'ingot.config.mjs':
            "export default { define: { NAME: JSON.stringify(process.env.FLAVOUR ?? 'none') } }",
        })
        const says = async (extra = {}) => (await quickly(['main.mjs'], project, extra)).stdout
        const none = await says()
        assert.match(none, /^none /)
        assert.match(await says({ FLAVOUR: 'sweet' }), /^sweet /)
        const again = await says()
        assert.match(again, /^none /)
        assert.equal(await says({ UNRELATED: '1' }), again)
      })

      test('a configuration that reads files is asked each time', async () => {
        const project = makeProject(directory, {
          'main.mjs': 'console.log(NAME)',
          'name.txt': 'one',
          'ingot.config.mjs':
            "import { readFileSync } from 'node:fs'\nexport default { define: { NAME: JSON.stringify(readFileSync('name.txt', 'utf8')) } }",
        })
        assert.equal((await quickly(['main.mjs'], project)).stdout, 'one\n')
        writeFileSync(path.join(project, 'name.txt'), 'two')
        assert.equal((await quickly(['main.mjs'], project)).stdout, 'two\n')
      })

      test('what it is, is what the built file is', async () => {
        const project = makeProject(directory, {
          'package.json': { name: 'same', type: 'module' },
          'src/main.ts': [
            "import { dirname } from './lib/here.cjs'",
            'const { env, execArgv, argv } = process',
            'const names: string[] = Object.keys(env).sort()',
            'console.log(import.meta.url, dirname, process.cwd(), execArgv, argv.slice(1), names.join())',
          ].join('\n'),
          'src/lib/here.cjs': 'exports.dirname = __dirname',
        })
        await ingotBuild(['src/main.ts', '-o', 'built'], { cwd: project, env })
        const built = await run(path.join(project, 'built'), ['a', '--b'], { cwd: project, env })
        for (let i = 0; i < 2; i++) {
          const { stdout, stderr } = await start(['src/main.ts', 'a', '--b'], project)
          assert.deepEqual([stdout, stderr], [built.stdout, ''])
        }
      })

      test('options make another program', async () => {
        const project = makeProject(directory, { 'main.mjs': 'console.log(NAME, process.argv.slice(2))' })
        for (const value of ['1', '2', '1']) {
          const { stdout } = await quickly(
            ['--define', `NAME=${value}`, 'main.mjs', '--define', '-x'],
            project,
          )
          assert.equal(stdout, `${value} [ '--define', '-x' ]\n`)
        }
      })

      test('standard streams, environment, exit code, signals and process number are its own', async () => {
        const project = makeProject(directory, {
          'main.mjs': [
            "import { text } from 'node:stream/consumers'",
            "if (process.argv[2] === 'wait') {",
            '  setInterval(() => {}, 1000)',
            "  process.on('SIGINT', () => { console.log('bye'); process.exit(7) })",
            '  console.log(`ready ${process.pid}`)',
            '} else {',
            '  console.log(await text(process.stdin), process.env.NODE_OPTIONS, process.env.LD_PRELOAD)',
            '  process.exitCode = 3',
            '}',
          ].join('\n'),
        })
        const settings = { NODE_OPTIONS: '--no-warnings', LD_PRELOAD: '' }
        for (let i = 0; i < 2; i++) {
          const words = [...args, 'run', 'main.mjs']
          const outcome = await run(file, words, {
            cwd: project,
            env: { ...env, ...settings },
            input: 'input',
          })
          assert.deepEqual([outcome.status, outcome.stdout], [3, 'input --no-warnings \n'])
        }
        for (const signal of ['SIGINT', 'SIGTERM'] as const) {
          const child = spawn(file, [...args, 'run', 'main.mjs', 'wait'], {
            cwd: project,
            env,
            stdio: 'pipe',
          })
          child.stdout.once('data', () => child.kill(signal))
          const outcome = await outcomeOf(child)
          const ready = `ready ${child.pid}\n`
          assert.deepEqual(
            [outcome.status, outcome.signal, outcome.stdout],
            signal === 'SIGINT' ? [7, null, `${ready}bye\n`] : [null, 'SIGTERM', ready],
          )
        }
      })

      test('a running program keeps its file, one that is not goes', async () => {
        const project = makeProject(directory, {
          'main.mjs': [
            "import { fork } from 'node:child_process'",
            "if (process.argv[2] === 'child') console.log('child of 1')",
            "else process.stdin.once('data', () => fork(import.meta.filename, ['child'], { stdio: 'inherit' })),",
            "  console.log('1')",
          ].join('\n'),
        })
        const words = ['--start', 'cold', 'main.mjs']
        const child = spawn(file, [...args, 'run', ...words], { cwd: project, env, stdio: 'pipe' })
        const outcome = outcomeOf(child)
        await printed(child.stdout, /1/)
        const built = () =>
          readdirSync(path.join(root, 'programs'), { recursive: true, encoding: 'utf8' }).filter((name) =>
            name.endsWith('/main'),
          ).length
        const count = built()
        for (const text of ['2', '3']) {
          writeFileSync(path.join(project, 'main.mjs'), `console.log('${text}')`)
          assert.equal((await quickly(['main.mjs'], project)).stdout, `${text}\n`)
        }
        assert.equal(built(), count + 1)
        child.stdin.end('go\n')
        assert.equal((await outcome).stdout, '1\nchild of 1\n')
      })

      test('several at once', async () => {
        const project = makeProject(directory, { 'main.mjs': 'console.log(process.argv[2])' })
        const started = Array.from({ length: 4 }, (_, i) => quickly(['main.mjs', String(i)], project))
        const outcomes = await Promise.all(started)
        assert.deepEqual(
          outcomes.map(({ status, stdout, stderr }) => [status, stdout, stderr]),
          [0, 1, 2, 3].map((i) => [0, `${i}\n`, '']),
        )
      })

      test('an error of the build is on standard error, and the exit code 1', async () => {
        const project = makeProject(directory, { 'main.ts': "import './nowhere.ts'" })
        const { status, stdout, stderr } = await start(['main.ts'], project)
        assert.deepEqual([status, stdout], [1, ''])
        assert.match(stderr, /^error UNRESOLVED_IMPORT main\.ts:1:8 /)
      })
    })
  }

  test('a damaged record, or a cache that is gone, is built again', async () => {
    const project = makeProject(directory, { 'main.mjs': 'console.log(1)' })
    const start = () => runNode([INGOT, 'run', '--start', 'cold', 'main.mjs'], { cwd: project, env })
    assert.equal((await start()).stdout, '1\n')
    for (const slot of readdirSync(path.join(root, 'programs')))
      writeFileSync(path.join(root, 'programs', slot, 'program.json'), '{"key":')
    assert.equal((await start()).stdout, '1\n')
    for (const slot of readdirSync(path.join(root, 'programs')))
      for (const name of readdirSync(path.join(root, 'programs', slot)))
        if (name !== 'program.json') rmSync(path.join(root, 'programs', slot, name), { recursive: true })
    assert.equal((await start()).stdout, '1\n')
    rmSync(path.join(root, 'programs'), { recursive: true })
    assert.equal((await start()).stdout, '1\n')
    mkdirSync(path.join(root, 'programs'), { recursive: true })
  })
})
