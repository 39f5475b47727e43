import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BuildError } from '../base/diagnostics.ts'
import { createReporter, reporterKind } from './reporter.ts'
import { recordedHost, sampleResult } from './host.fixture.ts'

const WARNING = `\
warning DYNAMIC_REQUIRE src/app.ts:12:5  the argument of require() is computed
  help: add "include": ["plugins/*.ts"] to package.json
`

const SUMMARY = `\
built hello  121.3 MB for linux-x64 in 412 ms
  runtime     116.4 MB  node 26.10.0 (npm)
  libraries     4.1 MB  debian 12
  code        812.3 kB
  code cache   12.3 kB
  assets           0 B
  index          999 B
  build info    4.3 kB
  modules     214 bundled, 3 kept as files, 1 asset
  start       frozen before write(2) in src/main.ts, 14.7 MB
  native      re2
  left out    fsevents, pg-native
`

const unresolved = new BuildError('UNRESOLVED_IMPORT', "cannot find 'foo'", {
  at: { file: '/work/app/src/app.ts', line: 3, column: 20 },
  help: 'Install it: npm install foo',
})

test('plain: warnings on stderr, the summary on stdout, no stages', () => {
  const host = recordedHost()
  const reporter = createReporter('plain', host)
  reporter.stage({ stage: 'graph', state: 'start' })
  assert.equal(reporter.succeeded(sampleResult), 0)
  assert.equal(host.err(), WARNING)
  assert.equal(host.out(), SUMMARY)
})

test('plain: a second build, and why a third may differ', () => {
  const host = recordedHost()
  const sha256 = 'feed'.padEnd(64, '0')
  const unless = ['the repository had changes that are not committed']
  const reproduction = { sha256, size: 1, frozenLeftOut: true, unless }
  createReporter('plain', host).succeeded({ ...sampleResult, reproduction })
  const lines = host.out().split('\n')
  assert.deepEqual(lines.slice(10, 12), [
    `  same twice  sha256 ${sha256}  with --start cold: a frozen process is another one in each build`,
    '              but not everywhere: the repository had changes that are not committed',
  ])
})

test('plain: what is not the usual case', () => {
  const host = recordedHost()
  createReporter('plain', host).succeeded({
    ...sampleResult,
    out: '/usr/local/bin/hello',
    elapsedMs: 12_340,
    libraries: { origin: 'host', reproducible: false },
    modules: { bundled: 1, files: 0, assets: 2, external: [] },
    diagnostics: [
      {
        severity: 'info',
        code: 'NOTE',
        message: 'one\ntwo',
        at: { file: '/work/lib/a.node', offset: 64 },
        help: 'a\nb',
      },
    ],
  })
  assert.equal(host.err(), 'info NOTE ../lib/a.node at byte 0x40  one\n  two\n  help: a\n        b\n')
  assert.equal(
    host.out().replace(/^ {2}(?!lib|mod).*\n/gm, ''),
    `\
built /usr/local/bin/hello  121.3 MB for linux-x64 in 12.3 s
  libraries     4.1 MB  host, not reproducible
  modules     1 bundled, 0 kept as files, 2 assets
`,
  )
})

test('plain: an error has code, place and help, and no stack', () => {
  const host = recordedHost()
  assert.equal(createReporter('plain', host).failed(unresolved), 1)
  assert.equal(host.out(), '')
  assert.equal(
    host.err(),
    "error UNRESOLVED_IMPORT src/app.ts:3:20  cannot find 'foo'\n  help: Install it: npm install foo\n",
  )
})

test('plain: an unexpected exception asks for a report, its stack is shown on demand', () => {
  const host = recordedHost()
  assert.equal(createReporter('plain', host).failed(new TypeError('x is not a function')), 70)
  assert.equal(
    host.err(),
    `\
internal error  x is not a function
  help: This is a bug in Ingot: please report it with your command line and the stack that INGOT_DEBUG=1 adds.
`,
  )
  const debug = recordedHost({ env: { INGOT_DEBUG: '1' } })
  assert.equal(createReporter('plain', debug).failed(new TypeError('x is not a function')), 70)
  assert.match(
    debug.err(),
    /^internal error {2}x is not .*\n.*command line\.\nTypeError: x is not a function\n {4}at /,
  )
})

test('brief: warnings and errors; what is being done is shown on a terminal, and does not stay', () => {
  const host = recordedHost()
  const reporter = createReporter('brief', host)
  reporter.stage({ stage: 'graph', state: 'start' })
  assert.equal(reporter.succeeded(sampleResult), 0)
  assert.deepEqual([host.out(), host.err()], ['', WARNING])

  const terminal = recordedHost({ isTTY: true, env: { NO_COLOR: '1' } })
  const live = createReporter('brief', terminal)
  live.stage({ stage: 'graph', state: 'start' })
  live.stage({ stage: 'graph', state: 'done', elapsedMs: 5 })
  live.stage({ stage: 'output', state: 'start' })
  live.succeeded(sampleResult)
  assert.match(terminal.err(), /◌ graph/)
  assert.ok(terminal.err().endsWith(`◌ output\r\x1b[2K${WARNING}`), JSON.stringify(terminal.err()))
  assert.ok(!terminal.err().includes('✔'))
})

test('quiet: errors only', () => {
  const host = recordedHost()
  assert.equal(createReporter('quiet', host).succeeded(sampleResult), 0)
  assert.equal(host.out() + host.err(), '')
  assert.equal(createReporter('quiet', host).failed(unresolved), 1)
  assert.match(host.err(), /^error UNRESOLVED_IMPORT/)
})

test('json: one document on stdout, of the result or of the error', () => {
  const good = recordedHost()
  assert.equal(createReporter('json', good).succeeded(sampleResult), 0)
  assert.deepEqual(JSON.parse(good.out()), sampleResult)
  const bad = recordedHost()
  assert.equal(createReporter('json', bad).failed(unresolved), 1)
  assert.deepEqual(JSON.parse(bad.out()), {
    error: {
      code: 'UNRESOLVED_IMPORT',
      message: "cannot find 'foo'",
      at: unresolved.at,
      help: unresolved.help,
    },
  })
  const broken = recordedHost()
  assert.equal(createReporter('json', broken).failed('boom'), 70)
  assert.equal(JSON.parse(broken.out()).error.code, 'INTERNAL')
  assert.equal(good.err() + bad.err() + broken.err(), '')
})

test('colours follow the terminal, NO_COLOR and FORCE_COLOR', () => {
  const coloured = (isTTY: boolean, env: Record<string, string>): boolean => {
    const host = recordedHost({ isTTY, env })
    createReporter('plain', host).succeeded(sampleResult)
    return host.out().includes('\x1b[') && host.err().includes('\x1b[')
  }
  assert.equal(coloured(true, {}), true)
  assert.equal(coloured(true, { NO_COLOR: '1' }), false)
  assert.equal(coloured(true, { TERM: 'dumb' }), false)
  assert.equal(coloured(false, {}), false)
  assert.equal(coloured(false, { FORCE_COLOR: '1' }), true)
  assert.equal(coloured(false, { FORCE_COLOR: '0' }), false)
})

test('the kind follows the options, then the terminal', () => {
  const none = { json: false, quiet: false }
  assert.equal(reporterKind(none, recordedHost()), 'plain')
  assert.equal(reporterKind(none, recordedHost({ isTTY: true })), 'live')
  assert.equal(reporterKind(none, recordedHost({ isTTY: true, env: { TERM: 'dumb' } })), 'plain')
  assert.equal(reporterKind({ json: false, quiet: true }, recordedHost({ isTTY: true })), 'quiet')
  assert.equal(reporterKind({ json: true, quiet: true }, recordedHost({ isTTY: true })), 'json')
})

test('several builds: a summary or an error for each, and one JSON document', () => {
  const outcomes = [
    { target: 'linux-x64', result: sampleResult },
    { target: 'darwin-x64', error: unresolved },
  ] as const
  const plain = recordedHost()
  assert.equal(createReporter('plain', plain).ended(outcomes), 1)
  assert.equal(plain.out(), SUMMARY)
  assert.match(plain.err(), /^error UNRESOLVED_IMPORT src\/app\.ts:3:20/m)

  const json = recordedHost()
  assert.equal(createReporter('json', json).ended(outcomes), 1)
  const { builds } = JSON.parse(json.out()) as { builds: Record<string, unknown>[] }
  assert.equal(builds[0]!['out'], sampleResult.out)
  assert.deepEqual(
    [builds[1]!['target'], Object.keys(builds[1]!['error'] as object)[0]],
    ['darwin-x64', 'code'],
  )
})
