// What a change costs, beside the watchers of Node and Bun, with requests all the time. The bounds are far from what a
// quiet machine shows (npm run bench -- dev), where it is less than a third of Node's time and less than Bun's.

import assert from 'node:assert/strict'
import path from 'node:path'
import { test } from 'node:test'

import { sampleEdits, writeServer } from '../../bench/dev.ts'
import { INGOT, REPOSITORY } from '../support/commands.ts'
import { EXAMPLES } from '../support/example.ts'
import { installed } from '../support/installed.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { THOROUGH } from '../support/thorough.ts'

const compare = async (): Promise<void> => {
  const directory = temporaryDirectory()
  const packages = await installed(path.join(EXAMPLES, 'http'))
  const bun = path.join(REPOSITORY, 'node_modules/bun/bin/bun.exe')
  const watchers = [
    { name: 'node --watch', command: process.execPath, args: ['--watch', 'src/main.ts'] },
    { name: 'bun --watch', command: bun, args: ['--watch', 'src/main.ts'] },
    { name: 'ingot dev', command: process.execPath, args: [INGOT, 'dev', 'src/main.ts'] },
  ]
  const [, ofBun, ours] = await sampleEdits(watchers, 12, (name) => {
    const server = path.join(directory, name)
    writeServer(server, 300, packages)
    return server
  })
  assert.equal(ours!.failed, 0)
  assert.ok(ours!.ratio < 0.6, `${ours!.ratio} of node's time`)
  assert.ok(ours!.ratio < 1.4 * ofBun!.ratio, `${ours!.ratio} and ${ofBun!.ratio} of node's time`)
}

// A minute of a quiet machine: for CI.
if (THOROUGH)
  test('a change is answered sooner than by the watchers of Node and Bun, and no request fails', compare)
