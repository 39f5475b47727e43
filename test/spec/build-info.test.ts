// What an executable says of itself: from inside with `buildInfo`, from outside, and the same wherever it is built.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'

import type { BuildInfo } from '../../src/format/build-info.ts'
import { inspect } from '../../src/inspect.ts'
import { buildInfo } from '../../src/runtime.ts'
import { ingot, ingotBuild, runNode } from '../support/commands.ts'
import { DevSession } from '../support/dev-session.ts'
import { runInEmptyRoot } from '../support/empty-root.ts'
import { writeFiles, type Files } from '../support/files.ts'
import { makeProject } from '../support/project.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { anAddon } from './elf/executable.fixture.ts'
import { AS_BUILT, COLD, FIXTURES, howItStarted, skip } from './frozen/frozen.fixture.ts'

const work = temporaryDirectory()

const SELF: Files = {
  'package.json': { name: 'self', version: '3.1.0', type: 'module', dependencies: { dep: '*' } },
  'main.ts': `import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { inspect } from 'node:util'
import 'dep'
import { buildInfo } from 'ingot/runtime'
import { sayHowItStarted } from './started.cjs'
// At import, as programs do that log their version.
const version: string | undefined = buildInfo?.program.version
if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url))
  worker.once('message', (ofWorker) => {
    sayHowItStarted()
    const shown = inspect(buildInfo).includes("version: '3.1.0'")
    console.log(JSON.stringify({ version, buildInfo, ofWorker, shown, keys: Object.keys(buildInfo ?? {}) }))
  })
} else parentPort!.postMessage(buildInfo?.program.name)
`,
  'started.cjs': readFileSync(path.join(FIXTURES, 'started.cjs'), 'utf8'),
  'node_modules/dep/package.json': { name: 'dep', version: '1.0.0', license: 'MIT' },
  'node_modules/dep/index.js': '',
}

interface Said {
  readonly version: string
  readonly buildInfo: BuildInfo
  readonly ofWorker: string
  readonly shown: boolean
  readonly keys: readonly string[]
}

test('under plain node there is none', () => {
  assert.equal(buildInfo, undefined)
})

suite('buildInfo', { skip }, () => {
  test('it is what is read from outside, in an empty root, and no barrier for a frozen start', async () => {
    const file = path.join(work, 'self')
    await ingotBuild(['main.ts', '-o', file, '--start', 'frozen'], { cwd: makeProject(work, SELF) })
    const { info } = inspect(file)
    for (const [kind, expected] of [
      [AS_BUILT, 'thawed'],
      [COLD, 'cold'],
    ]) {
      const outcome = await runInEmptyRoot(file, { env: { INGOT_START: kind! }, proc: true })
      const { started, stdout, stderr } = howItStarted(outcome)
      assert.equal(stderr, '')
      assert.equal(started, expected)
      const said = JSON.parse(stdout) as Said
      assert.deepEqual(said.buildInfo, info)
      assert.deepEqual([said.version, said.ofWorker, said.shown], ['3.1.0', 'self', true])
      assert.deepEqual(
        Object.keys(info).filter((key) => !said.keys.includes(key)),
        [],
      )
    }
  })

  test('ingot run, test and dev have it, without a commit', async () => {
    const project = makeProject(work, {
      ...SELF,
      'self.test.ts': `import { test } from 'node:test'
import assert from 'node:assert/strict'
import { buildInfo } from 'ingot/runtime'
test('it is there', () => assert.deepEqual([buildInfo!.program.name, buildInfo!.vcs], ['self', undefined]))`,
    })
    repository(project)
    const check = ({ buildInfo: { program, vcs, packages } }: Said) =>
      assert.deepEqual([program.name, vcs, packages.map(({ name }) => name)], ['self', undefined, ['dep']])
    check(JSON.parse(howItStarted(await ingot(['run', 'main.ts'], { cwd: project })).stdout) as Said)
    const tested = await ingot(['test'], { cwd: project })
    assert.equal(tested.status, 0, tested.stdout)

    const session = new DevSession(['main.ts'], { cwd: project })
    const [line] = await session.says(/^\{.*\}$/m, 'stdout')
    check(JSON.parse(line) as Said)
    session.process.kill('SIGTERM')
    await session.ended
  })

  test('under plain node a program that has Ingot among its packages finds none', async () => {
    const project = makeProject(work, SELF)
    symlinkSync(path.join(import.meta.dirname, '../..'), path.join(project, 'node_modules/ingot'))
    const plain = await runNode(['-C', 'ingot-source', 'main.ts'], { cwd: project })
    assert.equal(plain.stderr, '')
    assert.equal((JSON.parse(howItStarted(plain).stdout) as Said).buildInfo, undefined)
  })
})

suite('build info', () => {
  const built = async (project: string, args: readonly string[] = []): Promise<BuildInfo> => {
    const { out } = await ingotBuild(['main.ts', '--start', 'cold', ...args], { cwd: project })
    return inspect(out).info
  }

  test('the same source gives the same bytes, wherever it lies', async () => {
    const files: Buffer[] = []
    for (const name of ['one', 'another/place']) {
      const project = writeFiles(path.join(work, name), SELF)
      const { out } = await ingotBuild(['main.ts', '--start', 'cold', '-o', `out-${files.length}`], {
        cwd: project,
      })
      files.push(readFileSync(out))
      assert(!JSON.stringify(inspect(out).info).includes(work))
    }
    assert(files[0]!.equals(files[1]!))
  })

  test('the commit that it was built from', async () => {
    const project = makeProject(work, SELF)
    const git = repository(project)
    assert.deepEqual((await built(project)).vcs, { commit: git('rev-parse', 'HEAD'), dirty: false })
    writeFileSync(path.join(project, 'started.cjs'), 'exports.sayHowItStarted = () => {}')
    const { vcs, reproducible } = await built(project)
    assert.deepEqual(vcs, { commit: git('rev-parse', 'HEAD'), dirty: true })
    assert.match(reproducible.unless.join(), /not committed/)
  })

  test('native code, and which cryptography is native, WebAssembly or JavaScript', async () => {
    const names = ['@noble/hashes', 'argon2', 'hash-wasm', 'jose', 'libsodium-wrappers']
    const project = makeProject(work, {
      'package.json': { name: 'safe', type: 'module' },
      'main.ts': names.map((name) => `import '${name}'\n`).join(''),
      ...Object.fromEntries(
        names.flatMap((name) => [
          [`node_modules/${name}/package.json`, { name, version: '1.0.0' }],
          [`node_modules/${name}/index.js`, ''],
        ]),
      ),
      'node_modules/argon2/index.js': `require('./argon2.node')`,
      'node_modules/hash-wasm/index.js': `require('fs').readFileSync(__dirname + '/hash.wasm')`,
      'node_modules/hash-wasm/hash.wasm': '',
    })
    const addon = readFileSync(anAddon())
    writeFileSync(path.join(project, 'node_modules/argon2/argon2.node'), addon)
    const { out } = await ingotBuild(['main.ts', '--start', 'cold'], { cwd: project })
    const { native, crypto } = inspect(out).info
    const [code, ...others] = native
    assert(code && others.length === 0)
    assert.deepEqual(
      [code.path, code.package, code.size, code.sha256],
      ['node_modules/argon2/argon2.node', 'argon2', addon.length, hash('sha256', addon)],
    )
    assert(code.needs.includes('libc.so.6') && code.versions.some((version) => version.startsWith('GLIBC_')))
    assert.deepEqual(code.chain, ['main.ts', 'node_modules/argon2/index.js', code.path])
    assert.deepEqual(
      crypto.map(({ name, kind, package: place }) => [name, kind, place]),
      [
        ['OpenSSL', 'native', undefined],
        ['@noble/hashes', 'pure', 'node_modules/@noble/hashes'],
        ['argon2', 'native', 'node_modules/argon2'],
        ['hash-wasm', 'wasm', 'node_modules/hash-wasm'],
        ['libsodium-wrappers', 'wasm', 'node_modules/libsodium-wrappers'],
      ],
    )
    // A changed file has another hash, though hashes are remembered.
    addon[addon.length - 1]! ^= 1
    writeFileSync(path.join(project, 'node_modules/argon2/argon2.node'), addon)
    assert.equal((await built(project)).native[0]!.sha256, hash('sha256', addon))
  })

  test('packages of workspaces and behind links, and which needs which', async () => {
    const root = makeProject(work, {
      'package.json': { name: 'monorepo', private: true },
      'app/package.json': { name: 'app', type: 'module', dependencies: { '@me/lib': '*', a: '*' } },
      'app/main.ts': `import '@me/lib'\nimport 'a'\nimport '../shared.ts'`,
      'shared.ts': 'export {}',
      'lib/package.json': { name: '@me/lib', version: '0.1.0', type: 'module', exports: './src/index.js' },
      'lib/src/package.json': { type: 'module' },
      'lib/src/index.js': '',
      // As pnpm lays them out.
      'node_modules/.pnpm/a@1.0.0/node_modules/a/package.json': {
        name: 'a',
        version: '1.0.0',
        dependencies: { b: '*', absent: '*' },
      },
      'node_modules/.pnpm/a@1.0.0/node_modules/a/index.js': `require('b')`,
      'node_modules/.pnpm/b@2.0.0/node_modules/b/package.json': { name: 'b', version: '2.0.0' },
      'node_modules/.pnpm/b@2.0.0/node_modules/b/index.js': '',
      'pnpm-lock.yaml': `lockfileVersion: '9.0'
packages:

  a@1.0.0:
    resolution: {integrity: sha512-YQ==}

  b@2.0.0(a@1.0.0):
    resolution: {integrity: sha512-Yg==}
`,
    })
    const link = (place: string, target: string) => {
      mkdirSync(path.dirname(path.join(root, place)), { recursive: true })
      symlinkSync(target, path.join(root, place))
    }
    link('node_modules/.pnpm/a@1.0.0/node_modules/b', '../../b@2.0.0/node_modules/b')
    link('app/node_modules/a', '../../node_modules/.pnpm/a@1.0.0/node_modules/a')
    link('app/node_modules/@me/lib', '../../../lib')
    for (const bundle of ['--bundle', '--no-bundle']) {
      const { program, packages } = await built(path.join(root, 'app'), [bundle])
      const [a, b] = ['a@1.0.0/node_modules/a', 'b@2.0.0/node_modules/b'].map(
        (name) => `node_modules/.pnpm/${name}`,
      )
      assert.deepEqual(program.dependencies, ['lib', a])
      assert.deepEqual(
        packages.map((one) => [one.name, one.path, one.integrity, one.dependencies]),
        [
          ['@me/lib', 'lib', undefined, []],
          ['a', a, 'sha512-YQ==', [b]],
          ['b', b, 'sha512-Yg==', []],
        ],
      )
    }
  })
})

/** Makes a directory a repository in which all is committed. */
function repository(directory: string) {
  const git = (...args: string[]): string => {
    const identity = ['-c', 'user.name=test', '-c', 'user.email=test@localhost']
    const { status, stdout, stderr } = spawnSync('git', [...identity, ...args], {
      cwd: directory,
      encoding: 'utf8',
    })
    assert.equal(status, 0, stderr)
    return stdout.trim()
  }
  git('init', '--quiet')
  // ingot.lock is written by the first build.
  writeFileSync(path.join(directory, '.gitignore'), 'node_modules\n')
  git('add', '.')
  git('commit', '--quiet', '-m', 'first')
  return git
}
