import assert from 'node:assert/strict'
import { test } from 'node:test'

import { runNode } from './node-command.ts'

test('node gets its arguments and input, and nothing of the environment', async () => {
  const script = `process.stdin.pipe(process.stdout); console.log(process.argv.slice(1), process.cwd(), process.env)`
  const answer = await runNode([process.execPath, '--no-warnings'], ['-e', script, 'one'], {
    cwd: '/',
    input: Buffer.from('input'),
  })
  assert.equal(answer.toString(), `[ 'one' ] / {}\ninput`)
})

test('a node that does not run is named, not what runs it', async () => {
  await assert.rejects(runNode(['/no/such/emulator', '/a/node'], [], { cwd: '/' }), {
    code: 'RUNTIME_NOT_RUNNABLE',
    message: 'the runtime /a/node does not run here',
  })
})
