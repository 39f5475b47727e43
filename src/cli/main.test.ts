import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BuildOptions } from '../base/build-result.ts'
import { BuildError } from '../base/diagnostics.ts'
import { main } from './main.ts'
import { recordedHost, sampleOutcomes } from './host.fixture.ts'

/** Runs `ingot build …` and gives what reached build(). */
async function buildOptionsOf(...argv: string[]): Promise<Omit<BuildOptions, 'signal' | 'onStage'>> {
  let seen: BuildOptions = {}
  const build = async (options: BuildOptions) => {
    seen = options
    return sampleOutcomes
  }
  assert.equal(await main(['build', ...argv], recordedHost({ build })), 0)
  const { signal, onStage, ...rest } = seen
  assert(signal instanceof AbortSignal && typeof onStage === 'function')
  return rest
}

test('build passes on what was said, and nothing else', async () => {
  assert.deepEqual(await buildOptionsOf(), { cwd: '/work/app' })
  assert.deepEqual(await buildOptionsOf('main.ts', '-o', 'out', '--include=/abs/dir', '--json'), {
    cwd: '/work/app',
    entry: ['main.ts'],
    out: 'out',
    include: ['/abs/dir'],
  })
  assert.deepEqual(
    await buildOptionsOf(
      ...'a=a.ts b.ts --config c.ts --define=K=1 --external x --external=y --quiet'.split(' '),
      ...'--minify --sourcemap --check --runtime=node@26'.split(' '),
    ),
    {
      cwd: '/work/app',
      entry: ['a=a.ts', 'b.ts'],
      config: 'c.ts',
      define: { K: '1' },
      external: ['x', 'y'],
      minify: true,
      sourcemap: true,
      check: true,
      runtime: 'node@26',
    },
  )
})

test('targets, and a runtime for one of them', async () => {
  const argv = '--target linux-x64,win32-arm64 --runtime node@26.10.0 --runtime win32-arm64=./node.exe'
  const { target, runtime } = await buildOptionsOf(...argv.split(' '))
  assert.deepEqual(target, ['linux-x64,win32-arm64'])
  assert.deepEqual(runtime, {
    'linux-x64': 'node@26.10.0',
    'linux-arm64': 'node@26.10.0',
    'darwin-arm64': 'node@26.10.0',
    'darwin-x64': 'node@26.10.0',
    'win32-x64': 'node@26.10.0',
    'win32-arm64': './node.exe',
  })
})

test('stages reach the reporter', async () => {
  const build = async ({ onStage }: BuildOptions) => {
    onStage?.({ stage: 'image', state: 'done', elapsedMs: 5 })
    return sampleOutcomes
  }
  const host = recordedHost({ build, isTTY: true })
  await main(['build'], host)
  assert.match(host.err(), /✔.* image/)
})

test('a failed build exits with 1, a broken one with 70', async () => {
  const run = async (error: unknown): Promise<[number, string]> => {
    const host = recordedHost({ build: () => Promise.reject(error) })
    return [await main(['build'], host), host.err().split('\n')[0]!]
  }
  assert.deepEqual(await run(new BuildError('NO', 'it cannot be')), [1, 'error NO  it cannot be'])
  assert.deepEqual(await run(new RangeError('oops')), [70, 'internal error  oops'])
})

for (const [argv, code, text] of [
  [
    ['build', '--sourcmap'],
    2,
    'error CLI_UNKNOWN_OPTION  unknown option --sourcmap\n  help: Did you mean --sourcemap?\n',
  ],
  [['build', '-o'], 2, 'error CLI_OPTION_VALUE  -o needs a value\n  help: Write -o <value>.\n'],
  [['biuld'], 2, 'error CLI_UNKNOWN_COMMAND  unknown command biuld\n  help: Did you mean "ingot build"?\n'],
  [
    ['main.ts'],
    2,
    'error CLI_UNKNOWN_COMMAND  unknown command main.ts\n  help: To build a program, write "ingot build main.ts".\n',
  ],
  [
    ['--minify'],
    2,
    'error CLI_UNKNOWN_OPTION  unknown option --minify\n  help: To build a program, write "ingot build --minify".\n',
  ],
  [
    ['help', 'buidl'],
    2,
    'error CLI_UNKNOWN_COMMAND  unknown command buidl\n  help: Did you mean "ingot build"?\n',
  ],
] as const) {
  test(`usage error: ingot ${argv.join(' ')}`, async () => {
    const host = recordedHost()
    assert.equal(await main(argv, host), code)
    assert.equal(host.err(), text)
    assert.equal(host.out(), '')
  })
}

test('a usage error is JSON too, if that was asked for', async () => {
  const host = recordedHost()
  assert.equal(await main(['build', '--json', '--sourcmap'], host), 2)
  assert.deepEqual(JSON.parse(host.out()), {
    error: {
      code: 'CLI_UNKNOWN_OPTION',
      message: 'unknown option --sourcmap',
      help: 'Did you mean --sourcemap?',
    },
  })
})

test('version and help', async () => {
  const output = async (...argv: string[]): Promise<string> => {
    const host = recordedHost()
    assert.equal(await main(argv, host), 0)
    assert.equal(host.err(), '')
    return host.out()
  }
  assert.equal(await output('--version'), '1.2.3\n')
  assert.equal(await output('-v'), '1.2.3\n')
  const general = await output()
  assert.match(
    general,
    /^Ingot turns .*\n\nUsage: ingot <command> \[options\]\n\nCommands:\n {2}build {11}Build a/,
  )
  for (const argv of [['help'], ['--help'], ['-h']]) assert.equal(await output(...argv), general)
  const build = await output('help', 'build')
  assert.match(
    build,
    /^Usage: ingot build \[entry \| name=entry\]\.\.\. \[options\]\n\nOptions:\n {2}-o, --out <file> {11}The/,
  )
  assert(build.split('\n').every((line) => line.length <= 100))
  for (const argv of [
    ['build', '--help'],
    ['build', 'x.ts', '-h'],
  ])
    assert.equal(await output(...argv), build)
})

test('commands about one executable want one, and say so alike', async () => {
  for (const name of ['inspect', 'licenses', 'report', 'sign', 'verify']) {
    for (const files of [[], ['a', 'b']]) {
      const host = recordedHost()
      assert.equal(await main([name, ...files], host), 2)
      assert.match(host.err(), /^error CLI_ARGUMENT {2}[02] executables where one is expected\n {2}help: /)
    }
  }
})
