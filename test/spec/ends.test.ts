// A process with something inside that has work to do at its end: it is done, whole and in the order of plain Node,
// though V8's heap is not taken apart (launcher/end.c).

import assert from 'node:assert/strict'
import { mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'

import { ingotBuild, run, runNode } from '../support/commands.ts'
import { withCompiledAddon } from '../support/compiled-addon.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { needTool, skip } from './elf/executable.fixture.ts'

const WAYS = [
  'at its end',
  'with an exit code',
  'with a large exit code',
  'by process.exit',
  'in an exit handler',
  'by an error',
  'while it waits',
  'with a worker',
  'with a database',
]

suite('the end of a process with an addon', { skip }, async () => {
  const work = temporaryDirectory()
  const project = path.join(work, 'project')
  const starts = ['frozen', 'cold'] as const
  if (!skip) {
    needTool('strace', 'strace')
    await withCompiledAddon(work, 'ends')
    for (const start of starts)
      await ingotBuild(['main.mjs', '-o', path.join(work, start), '--start', start], { cwd: project })
  }

  for (const way of WAYS) {
    test(way, async () => {
      const plain = await ended('node', (options) => runNode([path.join(project, 'main.mjs'), way], options))
      assert.match(plain.stdout, /cleanup hook|node's exit/)
      for (const start of starts) {
        const own = await ended(start, (options) => run(path.join(work, start), [way], options))
        assert.deepEqual(own, plain, start)
      }
    })
  }

  test('gives no memory back that goes with the process', async () => {
    const given = async (command: string, args: readonly string[]) => {
      const trace = ['-f', '-e', 'trace=munmap,write', command, ...args]
      const { stderr } = await run('strace', trace)
      return stderr.split('cleanup hook')[1]!.match(/munmap\(/g)?.length ?? 0
    }
    const plain = await given(process.execPath, [path.join(project, 'main.mjs'), 'at its end'])
    for (const start of starts)
      assert.ok((await given(path.join(work, start), ['at its end'])) < plain / 4, start)
  })

  /** What a process says and leaves in its working directory. Of an error's traces only that there is one. */
  async function ended(name: string, start: (options: { cwd: string }) => ReturnType<typeof run>) {
    const cwd = path.join(work, `in-${name}`)
    mkdirSync(cwd, { recursive: true })
    const { status, stdout, stderr } = await start({ cwd })
    return { status, stdout, isSilent: stderr === '', files: readdirSync(cwd) }
  }
})
