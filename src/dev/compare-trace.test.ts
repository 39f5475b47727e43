import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Diagnostic } from '../base/diagnostics.ts'
import { NOTHING } from '../base/trace-file.fixture.ts'
import type { TraceFile } from '../base/trace-file.ts'
import { compareTrace, type Belief } from './compare-trace.ts'

const compare = (seen: Partial<TraceFile>, believed: Partial<Belief> = {}): string[] => {
  const trace: TraceFile = { ...NOTHING, ...seen }
  const belief = {
    projectDir: '/p',
    include: [],
    embedded: [],
    hasFailed: false,
    diagnostics: [],
    ...believed,
  }
  return compareTrace(trace, belief).map(
    ({ severity, code, message, at, help }) =>
      `${severity} ${code} ${at ? `${at.file}:${at.line ?? ''} ` : ''}${message}${help === undefined ? '' : ` | ${help}`}`,
  )
}

test('nothing is said of a program that uses what the build has found', () => {
  const seen = {
    modules: [{ file: 'main.ts', from: 'embedded' }],
    files: [
      { file: 'a.txt', from: 'embedded' },
      { file: '/etc/hosts', from: 'host' },
    ],
    directories: [{ file: '.', from: 'embedded' }],
    libraries: [{ file: 'x.node', from: 'embedded' }],
    variables: [{ name: 'PORT' }],
  } as const
  assert.deepEqual(compare(seen), [])
})

test('missing includes, by the pattern that has them all', () => {
  const said = compare({
    modules: [
      { file: 'plugins/a.mjs', from: 'missing', at: 'main.ts:3:9' },
      { file: 'plugins/b.mjs', from: 'missing' },
      { file: 'node_modules/p/x.js', from: 'missing' },
      { file: 'node_modules/p/lib/y.js', from: 'missing' },
    ],
    files: [{ file: 'data/x.txt', from: 'missing' }],
    directories: [
      { file: 'plugins', from: 'missing' },
      { file: 'plugins/more', from: 'missing' },
      { file: 'node_modules/q/prebuilds', from: 'missing' },
    ],
  })
  assert.match(
    said[0]!,
    /^warning TRACE_MISSING_INCLUDE \/p\/main\.ts:3 plugins\/a\.mjs, plugins\/b\.mjs are used/,
  )
  assert.match(said[0]!, /"include": \["plugins\/\*\.mjs"\]$/)
  assert.match(said[1]!, /"include": \["node_modules\/p\/\*\*"\]$/)
  assert.match(said[2]!, /data\/x\.txt is used.*"include": \["data\/x\.txt"\]$/)
  assert.match(said[3]!, /^warning TRACE_MISSING_NAMES plugins is listed.*"include": \["plugins\/\*\*"\]$/)
  assert.equal(said.length, 4)
})

test('sources that only a compiler understands, where a run has failed', () => {
  const seen = {
    modules: [
      { file: 'a.mjs', from: 'missing' },
      { file: 'b.tsx', from: 'missing' },
    ],
  } as const
  assert.ok(!compare(seen).some((line) => line.includes('TRACE_NOT_COMPILED')))
  assert.match(
    compare(seen, { hasFailed: true }).join('\n'),
    /^info TRACE_NOT_COMPILED b\.tsx came from the disk/m,
  )
})

test("this machine's files and code, but data that lies elsewhere", () => {
  const said = compare({
    modules: [{ file: '/opt/plugin.mjs', from: 'host', at: 'main.ts:1:1' }],
    files: [
      { file: 'settings.json', from: 'host', at: 'main.ts:2:2' },
      { file: '/etc/hosts', from: 'host' },
    ],
    directories: [{ file: '.', from: 'host' }],
    libraries: [{ file: '/usr/lib/libx.so', from: 'host' }],
  })
  assert.deepEqual(
    said.map((line) => /^.*?(?= is )/.exec(line)![0]),
    [
      'warning TRACE_HOST_FILE /p/main.ts:2 settings.json',
      'warning TRACE_HOST_FILE .',
      'warning TRACE_HOST_CODE /p/main.ts:1 /opt/plugin.mjs',
      'warning TRACE_HOST_CODE /usr/lib/libx.so',
    ],
  )
})

test('includes of which nothing was used', () => {
  const said = compare(
    {
      files: [{ file: 'used/a.txt', from: 'embedded' }],
      directories: [{ file: 'listed', from: 'embedded' }],
    },
    {
      include: ['/p/used/*.txt', '/p/unused/**', '/p/listed', '/p/directory', '/p/one.txt', '/p/nothing/*'],
      embedded: ['used/a.txt', 'used/b.txt', 'unused/x/y', 'listed/z', 'directory/q', 'one.txt'].map(
        (name) => `/p/${name}`,
      ),
    },
  )
  assert.deepEqual(
    said.map((line) => /'.*'/.exec(line)![0]),
    ["'unused/**'", "'directory'", "'one.txt'"],
  )
})

test('what computed imports have led to', () => {
  const computed = (file: string, line: number): Diagnostic => ({
    severity: 'warning',
    code: 'DYNAMIC_IMPORT',
    message: '',
    at: { file: `/p/${file}`, line, column: 1 },
  })
  const said = compare(
    {
      modules: [
        { file: 'main.ts', from: 'embedded' },
        { file: 'a.mjs', from: 'embedded', at: 'main.ts:3:8' },
        { file: 'b.mjs', from: 'embedded', at: 'main.ts:30:8' },
      ],
      libraries: [{ file: 'c.node', from: 'embedded', at: 'main.ts:3:40' }],
    },
    { diagnostics: [computed('main.ts', 3), computed('main.ts', 4), computed('never.ts', 1)] },
  )
  assert.deepEqual(said, [
    'info TRACE_COMPUTED /p/main.ts:3 it has loaded a.mjs, c.node',
    'info TRACE_COMPUTED /p/main.ts:4 it has loaded nothing in this run',
    'warning TRACE_NOT_REACHED /p/never.ts:1 this computed import is in a module that the run has not come to | trace a run that comes there, and add it to this one: ingot trace --add',
  ])
})
