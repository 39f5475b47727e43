import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BuildError } from '../base/diagnostics.ts'
import { createReporter, type Reporter } from './reporter.ts'
import { recordedHost, sampleResult } from './host.fixture.ts'

/** What a terminal shows after `report`, without colours. */
function screen(report: (reporter: Reporter) => void, columns = 80): string {
  const host = recordedHost({ isTTY: true, columns, env: { NO_COLOR: '1' } })
  report(createReporter('live', host))
  return host
    .err()
    .split('\n')
    .map((row) => row.split('\r\x1b[2K').at(-1))
    .join('\n')
}

test('a running stage is one line that becomes its result', () => {
  assert.equal(
    screen((reporter) => {
      reporter.stage({ stage: 'graph', state: 'start' })
      reporter.stage({ stage: 'graph', state: 'done', elapsedMs: 123.4, detail: '214 modules' })
      reporter.stage({ stage: 'runtime', state: 'start' })
      reporter.stage({ stage: 'runtime', state: 'start', detail: '30 %' })
    }),
    '✔ graph     123 ms  214 modules\n◌ runtime           30 %',
  )
})

test('stages that overlap share the running line', () => {
  const start = (reporter: Reporter): void => {
    reporter.stage({ stage: 'graph', state: 'start', detail: 'main.ts' })
    reporter.stage({ stage: 'runtime', state: 'start' })
  }
  assert.equal(screen(start), '◌ graph             main.ts and runtime')
  assert.equal(
    screen((reporter) => {
      start(reporter)
      reporter.stage({ stage: 'graph', state: 'done', elapsedMs: 1234 })
    }),
    '✔ graph      1.2 s\n◌ runtime',
  )
})

test('success leaves the finished stages, failure marks the ones that ran', () => {
  const half = (reporter: Reporter): void => {
    reporter.stage({ stage: 'config', state: 'done', elapsedMs: 2 })
    reporter.stage({ stage: 'graph', state: 'start' })
  }
  assert.equal(
    screen((reporter) => {
      half(reporter)
      reporter.succeeded({ ...sampleResult, diagnostics: [] })
    }),
    '✔ config      2 ms\n',
  )
  assert.equal(
    screen((reporter) => {
      half(reporter)
      reporter.failed(new BuildError('X', 'no'))
    }),
    '✔ config      2 ms\n✘ graph\nerror X  no\n',
  )
})

test('a line never wraps and carries no control characters', () => {
  const detail = `\x1b[31m${'node_modules/'.repeat(20)}\n`
  for (const columns of [20, 40, 80, 200]) {
    const shown = screen((reporter) => reporter.stage({ stage: 'payload', state: 'start', detail }), columns)
    assert(shown.length <= Math.max(columns, 22), `${shown.length} in ${columns}`)
    assert(!shown.includes('\x1b') && !shown.includes('\n'))
  }
})
