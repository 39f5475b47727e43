import assert from 'node:assert/strict'
import { test } from 'node:test'

import { formatTrace, mergeTraces, type TraceFile } from './trace-file.ts'
import { NOTHING } from './trace-file.fixture.ts'

test('a trace is JSON with an item to a line', () => {
  const trace: TraceFile = {
    ...NOTHING,
    modules: [
      { file: 'a.ts', from: 'embedded' },
      { file: 'b.ts', from: 'missing', at: 'a.ts:1:1' },
    ],
  }
  const text = formatTrace(trace)
  assert.deepEqual(JSON.parse(text), trace)
  assert.match(text, /^ {4}\{"file":"a\.ts","from":"embedded"\},$/m)
  assert.match(text, /^ {2}"files": \[\],$/m)
})

test('two traces make one, in any order of their items', () => {
  const before: TraceFile = {
    ...NOTHING,
    modules: [
      { file: 'plugin.mjs', from: 'missing', at: 'main.ts:3:1' },
      { file: 'main.ts', from: 'embedded' },
    ],
    files: [{ file: 'x', from: 'host' }],
    variables: [{ name: 'B' }],
  }
  const after: TraceFile = {
    ...NOTHING,
    modules: [
      { file: 'main.ts', from: 'embedded' },
      { file: 'plugin.mjs', from: 'embedded', at: 'main.ts:4:1' },
    ],
    files: [{ file: 'x', from: 'embedded' }],
    variables: [{ name: 'A' }, { name: 'B', at: 'main.ts:1:1' }],
  }
  assert.deepEqual(mergeTraces(before, after), {
    ...NOTHING,
    modules: [
      { file: 'main.ts', from: 'embedded' },
      // The build found it because of the first trace.
      { file: 'plugin.mjs', from: 'missing', at: 'main.ts:4:1' },
    ],
    files: [
      { file: 'x', from: 'host' },
      { file: 'x', from: 'embedded' },
    ],
    variables: [{ name: 'A' }, { name: 'B', at: 'main.ts:1:1' }],
  })
})
