// A program that starts workers and children all day holds no more of the kernel in the evening than in
// the morning. Plain Node does the same work in the same run: what it gathers itself is not ours.

import assert from 'node:assert/strict'
import { readdirSync, readlinkSync } from 'node:fs'
import path from 'node:path'
import { suite, test } from 'node:test'

import { ingotBuild, REPOSITORY, run, runNode } from '../support/commands.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { THOROUGH } from '../support/thorough.ts'

const FIXTURES = path.join(REPOSITORY, 'test/fixtures/load')

/** As test/fixtures/load/resources.mjs prints it. */
interface Resources {
  readonly descriptors: number
  readonly mappings: number
  readonly threads: number
  readonly children: readonly string[]
  readonly megabytes: number
}

interface Report {
  readonly before: Resources
  readonly after: Resources
  /** How each worker or child ended, and how many did so. */
  readonly ended: Readonly<Record<string, number>>
}

/**
 * What one process may gather more than the other by chance: V8's heap has a page more or less. A leak would
 * be one per worker or child, that is hundreds, and never less than some kilobytes of each.
 */
const BY_CHANCE = { mappings: 50, megabytes: 20 }

suite('under load', { concurrency: false }, () => {
  const work = temporaryDirectory()
  const out = path.join(work, 'load')
  const built = ingotBuild(
    ['workers=workers.mjs', 'forks=forks.mjs', '-o', out, '--include={data.txt,child.mjs}'],
    { cwd: FIXTURES },
  )

  for (const { name, warmUp, count } of [
    { name: 'workers', warmUp: THOROUGH ? 100 : 40, count: THOROUGH ? 1000 : 60 },
    { name: 'forks', warmUp: 12, count: THOROUGH ? 200 : 30 },
  ]) {
    if (THOROUGH || name === 'forks')
      test(`${count} ${name} leave nothing behind`, async () => {
        await built
        const amount = [String(warmUp), String(count)]
        const env = { PATH: '/usr/bin:/bin' }
        const [plain, inside] = await Promise.all([
          runNode([path.join(FIXTURES, `${name}.mjs`), ...amount], { env }).then(reportOf),
          run(out, [name, ...amount], { env }).then(reportOf),
        ])
        assert.deepEqual(inside.ended, plain.ended)
        assert.equal(total(inside.ended), warmUp + count)

        assert.equal(inside.after.descriptors, inside.before.descriptors)
        assert.deepEqual(inside.after.children, [])
        assert.ok(
          inside.after.threads <= Math.max(inside.before.threads, plain.after.threads),
          `${inside.after.threads} threads`,
        )
        for (const what of ['mappings', 'megabytes'] as const) {
          const grown = inside.after[what] - inside.before[what]
          const plainGrown = Math.max(0, plain.after[what] - plain.before[what])
          assert.ok(grown <= plainGrown + BY_CHANCE[what], `${what}: ${grown} more, plain node ${plainGrown}`)
        }
        assert.deepEqual(processesOf(out), [])
      })
  }
})

function reportOf({
  status,
  stdout,
  stderr,
}: {
  status: number | null
  stdout: string
  stderr: string
}): Report {
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout) as Report
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}

/** Ids of what still runs from this file. */
function processesOf(file: string): string[] {
  return readdirSync('/proc').filter((id) => {
    try {
      return readlinkSync(`/proc/${id}/exe`) === file
    } catch {
      return false // not a process, one of the kernel's, or gone by now
    }
  })
}
