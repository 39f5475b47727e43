// A build lets the program run where it can reach nothing: whatever it does there, nobody notices.

import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import path from 'node:path'
import { suite, test } from 'node:test'

import { ingotBuild, REPOSITORY } from '../../support/commands.ts'
import { makeProject } from '../../support/project.ts'
import { temporaryDirectory } from '../../support/temporary.ts'
import { buildFrozen, compareStarts, skip, start } from './frozen.fixture.ts'
import { THOROUGH } from '../../support/thorough.ts'

suite('a rehearsal', { skip }, () => {
  const work = temporaryDirectory()

  test('reaches no file, process or network', async () => {
    const directory = path.join(work, 'reach')
    mkdirSync(directory)
    writeFileSync(path.join(directory, 'kept'), '')
    const noticed: string[] = []
    const server = http
      .createServer((request, response) => response.end())
      .on('connection', () => noticed.push('tcp'))
    const local = net.createServer(() => noticed.push('unix')).listen(path.join(directory, 'socket'))
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    const onSignal = () => noticed.push('signal')
    process.on('SIGUSR2', onSignal)
    try {
      const source = readFileSync(path.join(REPOSITORY, 'test/fixtures/frozen/restless.mjs'), 'utf8')
        .replaceAll("'PORT'", String((server.address() as AddressInfo).port))
        .replaceAll('DIRECTORY', directory)
        .replaceAll('PARENT', String(process.pid))
      const project = makeProject(work, { 'package.json': { name: 'restless' }, 'main.mjs': source })
      await ingotBuild(['main.mjs', '-o', 'program'], { cwd: project })
      assert.deepEqual(readdirSync(directory).toSorted(), ['kept', 'socket'])
      assert.deepEqual(noticed, [])
    } finally {
      process.off('SIGUSR2', onSignal)
      server.close()
      local.close()
    }
  })

  test('of regular expressions and streams changes nothing of what they do', async () => {
    const out = await buildFrozen(work, 'patterns.cjs')
    await compareStarts(out, ['Ünï', '/x/y'], { input: 'text' }, 'thawed')
  })

  test('leaves the code compiled that it has run, and none but that', async () => {
    const out = await buildFrozen(work, 'trained.cjs')
    const frozen = await start(out, [])
    assert.deepEqual([frozen.started, frozen.stdout], ['thawed', 'true,false\na pipe'])
    const cold = await start(out, [], { env: { INGOT_START: 'cold' } })
    assert.deepEqual([cold.started, cold.stdout], ['cold', 'false,false\na pipe'])
  })

  if (THOROUGH)
    test('of a program that never comes to an end is given up', async () => {
      const project = makeProject(work, {
        'package.json': { name: 'endless' },
        'main.cjs': `if (process.argv.length === 2) for (;;);\nconsole.log(process.argv[2])\n`,
      })
      const { out, start: result } = await ingotBuild(['main.cjs', '-o', 'program'], { cwd: project })
      assert.equal(result.kind, 'frozen')
      assert.equal((await start(out, ['text'])).stdout, 'text\n')
    })
})
