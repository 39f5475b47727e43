import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { test } from 'node:test'

/** Runs `ingot build` with `body` for build(), sends the signal once that runs, gives exit code and stderr. */
async function interrupted(signal: NodeJS.Signals, body: string): Promise<[number | null, string]> {
  const script = `
    import { main } from ${JSON.stringify(import.meta.resolve('./main.ts'))}
    const build = async ({ signal }) => { const up = () => console.log('running'); ${body} }
    const { stdout, stderr } = process
    process.exitCode = await main(['build'], { cwd: '/', env: {}, version: '', stdout, stderr, build })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'pipe' })
  let stderr = ''
  child.stderr.on('data', (chunk) => (stderr += chunk))
  await once(child.stdout, 'data')
  child.kill(signal)
  child.kill(signal)
  const [code, killedBy] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  // The second signal may find a process that is on its way out and has no handlers any more; a shell
  // gives that the same code.
  return [killedBy === null ? code : 128 + constants.signals[killedBy], stderr]
}

const OBEDIENT = `
  const alive = setInterval(up, 1e6); up()
  await new Promise((_, reject) => signal.addEventListener('abort', () => {
    clearInterval(alive); reject(new Error('aborted'))
  }))`
const DEAF = 'setInterval(() => {}, 1e6); up(); await new Promise(() => {})'

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${signal} aborts the build and exits with ${code}`, async () => {
    assert.deepEqual(await interrupted(signal, OBEDIENT), [
      code,
      `error INTERRUPTED  interrupted by ${signal}; the previous output is untouched\n`,
    ])
  })
}

test('a stage that does not listen cannot hold the terminal', async () => {
  assert.deepEqual(await interrupted('SIGINT', DEAF), [130, ''])
})
