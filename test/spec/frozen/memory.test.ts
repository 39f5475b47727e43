// What a frozen process takes from malloc, and holds in memory while it waits, compared with plain node in the same run.

import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { before, suite, test, type TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'

import { printed } from '../../support/empty-root.ts'
import { temporaryDirectory } from '../../support/temporary.ts'
import { THOROUGH } from '../../support/thorough.ts'
import { buildFrozen, COLD, compareStarts, FIXTURES, skip, start } from './frozen.fixture.ts'

const MEBIBYTE = 2 ** 20
/** glibc's first own one, with which the launcher is told. */
const SIGCANCEL = 32n
const TOGETHER = 20
/** Helper threads have started, and pages of the file are no longer anybody's to be written. */
const SETTLED_MS = 1500

interface Usage {
  readonly Rss: number
  readonly Pss: number
  readonly Private_Clean: number
  readonly Private_Dirty: number
  readonly Shared_Clean: number
}

const noMaps = !existsSync('/proc/self/smaps_rollup') && 'the kernel does not say'

suite("malloc's heap", { skip: skip || noMaps }, () => {
  const work = temporaryDirectory()

  test('grows where it is', async () => {
    const out = await buildFrozen(work, 'heap-growth.cjs')
    await compareStarts(out, [], {}, 'thawed')
    assert.equal((await start(out, [])).stdout, 'true\n')
  })
})

suite('memory of the file', { skip: skip || noMaps }, () => {
  const work = temporaryDirectory()

  test('is mapped once', async () => {
    const out = await buildFrozen(work, 'mappings.cjs')
    const thawed = await start(out, [])
    // The table.
    assert.deepEqual([thawed.started, thawed.stdout], ['thawed', '1\n'])
    const cold = await start(out, [], { env: { INGOT_START: COLD } })
    assert.equal(cold.started, 'cold')
    assert.ok(Number(cold.stdout) > 1)
  })
})

if (THOROUGH)
  suite('memory of a program that waits', { skip: skip || noMaps }, () => {
    const work = temporaryDirectory()
    const programs: Record<'frozen' | 'plain', readonly string[]> = {
      frozen: [path.join(work, 'idle')],
      plain: [process.execPath, path.join(FIXTURES, 'idle.cjs')],
    }
    before(async () => {
      if (!skip) await buildFrozen(work, 'idle.cjs')
    })

    /** Of so many processes at once, in kB: of one of them. */
    async function measure([command = '', ...args]: readonly string[], count: number): Promise<Usage> {
      const children: ChildProcess[] = []
      try {
        for (let i = 0; i < count; i++) {
          const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
          children.push(child)
          await printed(child.stdout, /ready/)
        }
        await wait(SETTLED_MS)
        return usageOf(children.at(-1)!.pid!)
      } finally {
        await Promise.all(children.map((child) => (child.kill('SIGKILL'), once(child, 'exit'))))
      }
    }

    const say = (context: TestContext, usages: Record<string, Usage>): void => {
      for (const [name, usage] of Object.entries(usages))
        context.diagnostic(`${name}: ${JSON.stringify(usage)}`)
    }

    test('takes no more than plain node', async (context) => {
      const usages = { frozen: await measure(programs.frozen, 1), plain: await measure(programs.plain, 1) }
      say(context, usages)
      assert.ok(usages.frozen.Rss <= usages.plain.Rss)
    })

    test(`is shared by ${TOGETHER} processes`, async (context) => {
      const usages = {
        frozen: await measure(programs.frozen, TOGETHER),
        plain: await measure(programs.plain, TOGETHER),
      }
      say(context, usages)
      const { frozen, plain } = usages
      assert.ok(frozen.Pss < frozen.Rss / 4, 'most pages are shared')
      assert.ok(frozen.Pss <= plain.Pss / 2)
      assert.ok(frozen.Private_Clean < frozen.Shared_Clean / 10, 'clean pages are')
    })

    test('is collected less often by a process that is busy, and not before', async () => {
      const { stdout } = await start(await buildFrozen(work, 'busy.cjs'), [])
      const { handled, ...sizes } = JSON.parse(stdout) as Record<string, string>
      // Of two semi-spaces.
      assert.deepEqual(sizes, { first: 2 * MEBIBYTE, later: 16 * MEBIBYTE })
      assert.equal(BigInt(`0x${handled}`) & (1n << (SIGCANCEL - 1n)), 0n, 'the signal is left to glibc')
    })
  })

function usageOf(pid: number): Usage {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const value = (name: keyof Usage) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)![1])
  return {
    Rss: value('Rss'),
    Pss: value('Pss'),
    Private_Clean: value('Private_Clean'),
    Private_Dirty: value('Private_Dirty'),
    Shared_Clean: value('Shared_Clean'),
  }
}
